// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// Ways to be somebody else: who approves, and in whose place.
contract BypassSignersTest is EveryAct {
    uint256 private constant STRANGER = 0xF0E;
    uint256 private constant HOME = 31_337; // the chain of all tests; `block.chainid` would be read too late

    function test_bypass_strangerSigns() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[3] = _signature(STRANGER, digest);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_strangerAmongTheAbsent() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[1] = abi.encode(vm.addr(STRANGER));
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_strangerInTheFirstAndInTheLastPlace() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[0] = _signature(STRANGER, digest);
        _offer(items, Ceremony.RosterMismatch.selector);
        items = _items(digest, FIVE);
        items[6] = _signature(STRANGER, digest);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_sameSignerTwice() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[3] = items[2];
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_sameSignerFiveTimes() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        (items[2], items[3], items[4], items[6]) = (items[0], items[0], items[0], items[0]);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_sameAbsenteeTwice() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[5] = items[1];
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_signerAlsoAmongTheAbsent() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[1] = abi.encode(roster[0]);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_signersOutOfOrder() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        (items[2], items[3]) = (items[3], items[2]);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_absenteesOutOfOrder() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        (items[1], items[5]) = (items[5], items[1]);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_signerInAnAbsenteesPlace() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        (items[5], items[6]) = (items[6], items[5]);
        _offer(0x3D, _parts(items), Ceremony.RosterMismatch.selector);
    }

    function test_bypass_everybodyOnePlaceFurther() public everyAct {
        bytes[] memory items = _items(digest, 0x7F);
        bytes[] memory turned = new bytes[](N);
        for (uint256 i = 0; i < N; i++) {
            turned[(i + 1) % N] = items[i];
        }
        _offer(0x7F, _parts(turned), Ceremony.RosterMismatch.selector);
    }

    function test_bypass_nobodyAmongTheAbsent() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[1] = abi.encode(0);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    /// Each of the upper 96 bits of the word of an absentee counts.
    function test_bypass_dirtyWordsOfTheAbsent() public everyAct {
        for (uint256 bit = 160; bit < 256; bit += 5) {
            bytes[] memory items = _items(digest, FIVE);
            items[5] = abi.encode(uint256(uint160(roster[5])) | (1 << bit));
            _offer(items, Ceremony.RosterMismatch.selector);
        }
    }

    /// Seven others, who agree with each other and have signed well.
    function test_bypass_anotherRosterAltogether() public everyAct {
        _takeOffice(HEIRS_KEY);
        _offer(FIVE, _approvals(digest, FIVE), Ceremony.RosterMismatch.selector);
    }

    function test_bypass_heirsBeforeTheirRotation() public {
        _become(Kind.ROTATE);
        _takeOffice(HEIRS_KEY);
        _offer(0x7F, _approvals(digest, 0x7F), Ceremony.RosterMismatch.selector);
    }

    function test_bypass_fourAndAnHeir() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[6] = _signature(HEIRS_KEY, digest);
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    // --- approvals of something else

    function test_bypass_oneApprovalOfAnotherAct() public everyAct {
        for (uint256 i = 0; i < N; i++) {
            if ((FIVE >> i) & 1 == 0) continue;
            bytes[] memory items = _items(digest, FIVE);
            items[i] = _signature(keys[i], keccak256("another act"));
            _offer(items, Ceremony.RosterMismatch.selector);
        }
    }

    /// A halt's and a resumption's words may be the same: their types keep their approvals apart.
    function test_bypass_haltApprovalsForAResumption() public {
        _become(Kind.RESUME);
        _offer(FIVE, _approvals(ceremony.digestHalt(_halt()), FIVE), Ceremony.RosterMismatch.selector);
    }

    function test_bypass_resumptionApprovalsForAHalt() public {
        _become(Kind.HALT);
        _offer(FIVE, _approvals(ceremony.digestResume(_resume()), FIVE), Ceremony.RosterMismatch.selector);
    }

    function test_bypass_approvalsOfEachOtherKindOfAct() public everyAct {
        for (uint8 i = 0; i < 6; i++) {
            if (Kind(i) == kind) continue;
            _offer(FIVE, _approvals(_digestOf(Kind(i)), FIVE), Ceremony.RosterMismatch.selector);
        }
    }

    function test_bypass_approvalsOfAnAnchorForAVoid() public {
        _become(Kind.ANCHOR);
        Ceremony.Anchor memory act = _anchor();
        act.kind = 0;
        bytes memory call = abi.encodeCall(Ceremony.anchor, (act, FIVE, _approvals(digest, FIVE)));
        _mustRefuse(call, Ceremony.RosterMismatch.selector);
    }

    function test_bypass_approvalsForAnotherChain() public everyAct {
        bytes memory good = _good();
        bytes32 separator = ceremony.domainSeparator();
        vm.chainId(HOME + 1);
        vm.assertFalse(ceremony.domainSeparator() == separator);
        _mustRefuse(good, Ceremony.RosterMismatch.selector);
        vm.chainId(HOME);
        _mustTake(good);
    }

    function test_bypass_approvalsForAnotherContract() public everyAct {
        bytes memory good = _good();
        _become(kind); // the same state, at another address
        if (kind == Kind.GENESIS) _mustRefuse(good, Ceremony.RosterMismatch.selector);
        else _mustRefuse(good, Ceremony.WrongHead.selector);
        _mustTake(_good());
    }

    function test_bypass_rehearsalApprovalsForTheRealCeremony() public {
        _become(Kind.GENESIS);
        _offer(FIVE, _approvals(_genesisIn("ceremony rehearsal", "1"), FIVE), Ceremony.RosterMismatch.selector);
        _mustTake(_with(FIVE, _approvals(_genesisIn("ceremony", "1"), FIVE)));
    }

    function test_bypass_approvalsOfAnotherVersion() public {
        _become(Kind.GENESIS);
        _offer(FIVE, _approvals(_genesisIn("ceremony", "2"), FIVE), Ceremony.RosterMismatch.selector);
    }

    function _structHash() private view returns (bytes32) {
        string memory members =
            "Genesis(bytes32 root,uint64 size,bytes32 planDigest,uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)";
        return keccak256(abi.encode(keccak256(bytes(members)), _genesis()));
    }

    function _genesisIn(bytes memory name, bytes memory version) private view returns (bytes32) {
        string memory members = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        bytes32 domain = keccak256(
            abi.encode(keccak256(bytes(members)), keccak256(name), keccak256(version), block.chainid, address(ceremony))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, _structHash()));
    }

    /// The struct's hash alone, without a domain, is no approval.
    function test_bypass_approvalsOutsideAnyDomain() public {
        _become(Kind.GENESIS);
        _offer(FIVE, _approvals(_structHash(), FIVE), Ceremony.RosterMismatch.selector);
    }

    /// What `eth_sign` and `personal_sign` make of the digest.
    function test_bypass_approvalsAsPersonalMessages() public everyAct {
        bytes32 message = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", digest));
        _offer(FIVE, _approvals(message, FIVE), Ceremony.RosterMismatch.selector);
    }
}
