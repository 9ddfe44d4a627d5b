// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";

/// Who must have approved. Each test offers a good genesis with one thing wrong about its approvals.
contract ApprovalsTest is SampleTest {
    bytes32 private digest;

    function setUp() public override {
        super.setUp();
        digest = ceremony.digestGenesis(_genesis());
    }

    function _offer(bytes memory approvals, bytes4 rule) private {
        _mustRefuse(_genesisCall(_genesis(), approvals), rule);
    }

    // --- how many

    /// All 128 subsets: the 29 of five or more are taken, the 99 others refused.
    function test_everySubset() public {
        uint256 taken = 0;
        for (uint32 bitmap = 0; bitmap < 128; bitmap++) {
            ceremony = _deploy(roster);
            bytes32 fresh = ceremony.digestGenesis(_genesis());
            bytes memory call = _genesisCall(_genesis(), _approvals(fresh, bitmap));
            uint256 present = 0;
            for (uint256 i = 0; i < N; i++) {
                present += (bitmap >> i) & 1;
            }
            if (present < K) {
                _mustRefuse(call, Ceremony.TooFewApprovals.selector);
            } else {
                _mustTake(call);
                taken++;
            }
        }
        vm.assertEq(taken, 29);
    }

    function test_fourThatClaimToBeFive() public {
        _offer(_join(FIVE, _parts(digest, FOUR)), Ceremony.BadLength.selector);
    }

    function test_bitOfNobody() public {
        for (uint256 bit = N; bit < 32; bit++) {
            uint32 bitmap = FIVE | uint32(1 << bit);
            _offer(_join(bitmap, _parts(digest, FIVE)), Ceremony.UnknownRosterBit.selector);
        }
    }

    function test_rosterOfThirtyTwoHasNoSpareBit() public {
        ceremony = new Ceremony("ceremony", CEREMONY_ID, keccak256("unknown"), 32, 22, 11);
        _offer(abi.encodePacked(type(uint32).max, new bytes(32 * 64)), Ceremony.BadSignature.selector);
    }

    // --- who

    function test_foreignSigner() public {
        bytes[] memory parts = _parts(digest, FIVE);
        parts[3] = _signature(0xF0E, digest);
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_foreignAbsentee() public {
        bytes[] memory parts = _parts(digest, FIVE);
        parts[1] = abi.encodePacked(vm.addr(0xF0E));
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_duplicateSigner() public {
        bytes[] memory parts = _parts(digest, FIVE);
        parts[3] = parts[2];
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_signerAlsoListedAsAbsent() public {
        bytes[] memory parts = _parts(digest, FIVE);
        parts[1] = abi.encodePacked(roster[0]);
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_wrongOrder() public {
        bytes[] memory parts = _parts(digest, FIVE);
        (parts[2], parts[3]) = (parts[3], parts[2]);
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_signerInAnAbsenteesPlace() public {
        bytes[] memory parts = _parts(digest, FIVE);
        (parts[5], parts[6]) = (parts[6], parts[5]);
        _offer(_join(0x3D, parts), Ceremony.RosterMismatch.selector);
    }

    /// A roster digest that counts one custodian twice is refused whatever is signed.
    function test_rosterThatNamesSomebodyTwice() public {
        roster[3] = roster[2];
        keys[3] = keys[2];
        ceremony = _deploy(roster);
        digest = ceremony.digestGenesis(_genesis());
        _offer(_approvals(digest, FIVE), Ceremony.NotAscending.selector);
    }

    function test_rosterOutOfOrder() public {
        (roster[3], roster[2]) = (roster[2], roster[3]);
        (keys[3], keys[2]) = (keys[2], keys[3]);
        ceremony = _deploy(roster);
        digest = ceremony.digestGenesis(_genesis());
        _offer(_approvals(digest, FIVE), Ceremony.NotAscending.selector);
    }

    function test_rosterOfNobody() public {
        roster[0] = address(0);
        ceremony = _deploy(roster);
        digest = ceremony.digestGenesis(_genesis());
        _offer(_approvals(digest, 0x7C), Ceremony.NotAscending.selector);
    }

    // --- over what

    function test_approvalsOfAnotherAct() public {
        Ceremony.Genesis memory other = _genesis();
        other.planDigest = keccak256("another plan");
        _mustRefuse(_genesisCall(other, _approvals(digest, FIVE)), Ceremony.RosterMismatch.selector);
    }

    function test_oneApprovalOfAnotherAct() public {
        bytes[] memory parts = _parts(digest, FIVE);
        parts[6] = _signature(keys[6], keccak256("another act"));
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_genesisApprovalsForAnAnchor() public {
        bytes memory call = _goodGenesisCall();
        _mustTake(call);
        Ceremony.Anchor memory act = _anchor();
        _mustRefuse(_anchorCall(act, _approvals(digest, FIVE)), Ceremony.RosterMismatch.selector);
    }

    function test_approvalsOnAnotherChain() public {
        bytes memory call = _goodGenesisCall();
        bytes32 separator = ceremony.domainSeparator();
        vm.chainId(block.chainid + 1);
        vm.assertFalse(ceremony.domainSeparator() == separator);
        _mustRefuse(call, Ceremony.RosterMismatch.selector);
    }

    function test_approvalsForAnotherContract() public {
        bytes memory call = _goodGenesisCall();
        ceremony = _deploy(roster);
        _mustRefuse(call, Ceremony.RosterMismatch.selector);
        _mustTake(_goodGenesisCall());
    }

    function test_rehearsalApprovalsForTheRealCeremony() public {
        bytes32 terms = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ceremony rehearsal"),
                keccak256("1"),
                block.chainid,
                address(ceremony)
            )
        );
        bytes32 struct_ = keccak256(
            abi.encode(
                keccak256(
                    "Genesis(bytes32 root,uint64 size,bytes32 planDigest,"
                    "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
                ),
                _genesis()
            )
        );
        bytes32 rehearsal = keccak256(abi.encodePacked(hex"1901", terms, struct_));
        _offer(_approvals(rehearsal, FIVE), Ceremony.RosterMismatch.selector);
    }

    // --- in what form

    /// The same signature, written with n - s and the other parity, where EIP-2098 leaves room to write it: s has to
    /// lie between half the group order and 2^255.
    function test_highS() public {
        uint256 half = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
        bytes[] memory parts = _parts(digest, FIVE);
        (bytes32 r,) = abi.decode(parts[0], (bytes32, bytes32));
        parts[0] = abi.encodePacked(r, half + 1);
        _offer(_join(FIVE, parts), Ceremony.HighS.selector);
        parts[0] = abi.encodePacked(r, type(uint256).max);
        _offer(_join(FIVE, parts), Ceremony.HighS.selector);
        parts[0] = abi.encodePacked(r, half);
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_otherParity() public {
        bytes[] memory parts = _parts(digest, FIVE);
        (bytes32 r, uint256 s) = abi.decode(parts[0], (bytes32, uint256));
        parts[0] = abi.encodePacked(r, s ^ (1 << 255));
        _offer(_join(FIVE, parts), Ceremony.RosterMismatch.selector);
    }

    function test_signatureOfNoKey() public {
        bytes[] memory parts = _parts(digest, FIVE);
        parts[4] = new bytes(64);
        _offer(_join(FIVE, parts), Ceremony.BadSignature.selector);
        parts[4] = abi.encodePacked(type(uint256).max, uint256(1));
        _offer(_join(FIVE, parts), Ceremony.BadSignature.selector);
    }

    function test_tooShortForItsBitmap() public {
        bytes memory approvals = _approvals(digest, FIVE);
        for (uint256 length = 0; length < approvals.length; length++) {
            bytes memory cut = new bytes(length);
            for (uint256 i = 0; i < length; i++) {
                cut[i] = approvals[i];
            }
            _offer(cut, Ceremony.BadLength.selector);
        }
    }

    function test_trailingApprovalBytes() public {
        for (uint256 extra = 1; extra <= 65; extra++) {
            _offer(bytes.concat(_approvals(digest, FIVE), new bytes(extra)), Ceremony.BadLength.selector);
        }
    }
}
