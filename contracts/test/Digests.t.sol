// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// What custodians sign, computed here from EIP-712's definition by encoding structs: the contract slices its calldata.
contract DigestsTest is EveryAct {
    string private constant DOMAIN =
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    string private constant TAIL = "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)";
    string private constant NOTED = "bytes32 transcriptRoot,uint64 transcriptSize,";

    bytes32 private separator;

    function setUp() public override {
        super.setUp();
        _mustTake(_call(_genesis(), FIVE));
        separator = keccak256(
            abi.encode(
                keccak256(bytes(DOMAIN)), keccak256("ceremony"), keccak256("1"), block.chainid, address(ceremony)
            )
        );
    }

    function _typed(string memory members, bytes memory words) private view returns (bytes32) {
        bytes32 typeHash = keccak256(abi.encodePacked(members, TAIL));
        return keccak256(abi.encodePacked(hex"1901", separator, keccak256(bytes.concat(typeHash, words))));
    }

    function test_domainSeparator() public {
        vm.assertEq(ceremony.domainSeparator(), separator);
        Ceremony rehearsal = new Ceremony("ceremony rehearsal", CEREMONY_ID, roster, K, HALTING);
        bytes32 expected = keccak256(
            abi.encode(
                keccak256(bytes(DOMAIN)),
                keccak256("ceremony rehearsal"),
                keccak256("1"),
                block.chainid,
                address(rehearsal)
            )
        );
        vm.assertEq(rehearsal.domainSeparator(), expected);
    }

    function testFuzz_genesis(Ceremony.Genesis memory act) public view {
        bytes32 expected = _typed("Genesis(bytes32 root,uint64 size,bytes32 planDigest,", abi.encode(act));
        vm.assertEq(ceremony.digestGenesis(act), expected);
    }

    function testFuzz_anchor(Ceremony.Anchor memory act) public view {
        string memory members = string.concat("Anchor(uint8 kind,bytes32 root,uint64 size,bytes32 metadata,", NOTED);
        vm.assertEq(ceremony.digestAnchor(act), _typed(members, abi.encode(act)));
    }

    function testFuzz_release(Ceremony.Release memory act) public view {
        string memory members = string.concat("Release(bytes32 artifact,bytes32 manifest,bytes32 predecessor,", NOTED);
        vm.assertEq(ceremony.digestRelease(act), _typed(members, abi.encode(act)));
    }

    /// The roster's addresses here are fuzzed upwards from a first one, as the contract hashes no other order.
    function testFuzz_rotate(Ceremony.Rotate memory act, uint128 first, uint16[5] memory steps) public view {
        act.roster = new address[](steps.length);
        uint160 last = uint160(first) + 1;
        for (uint256 i = 0; i < steps.length; i++) {
            act.roster[i] = address(last);
            last += uint160(1) + steps[i];
        }
        vm.assertEq(ceremony.digestRotate(act), _expectedRotate(act));
    }

    function _expectedRotate(Ceremony.Rotate memory act) private view returns (bytes32) {
        bytes memory words = abi.encode(
            keccak256(abi.encodePacked(act.roster)),
            act.transcriptRoot,
            act.transcriptSize,
            act.epoch,
            act.seq,
            act.deadline,
            act.head
        );
        return _typed(string.concat("Rotate(address[] roster,", NOTED), words);
    }

    function testFuzz_halt(Ceremony.Halt memory act) public view {
        bytes32 expected = _typed(string.concat("Halt(bytes32 reason,", NOTED), abi.encode(act));
        vm.assertEq(ceremony.digestHalt(act), expected);
    }

    function testFuzz_resume(Ceremony.Resume memory act) public view {
        bytes32 expected = _typed(string.concat("Resume(bytes32 reason,", NOTED), abi.encode(act));
        vm.assertEq(ceremony.digestResume(act), expected);
    }

    /// The lowest bit of each word of the act, flipped alone, gives another digest.
    function test_everyFieldIsSigned() public everyAct {
        bytes memory good = _digestCall();
        (, bytes memory before) = address(ceremony).staticcall(good);
        vm.assertEq(before, abi.encode(digest));
        // the rotation's first word is the roster's offset; its other words, up to the addresses, are six fields
        uint256 first = kind == Kind.ROTATE ? 2 : 0;
        uint256 end = kind == Kind.ROTATE ? 8 : _members();
        for (uint256 i = first; i < end; i++) {
            (bool done, bytes memory changed) = address(ceremony).staticcall(_spoilt(good, i, _word(good, i) ^ 1));
            vm.assertTrue(done);
            vm.assertFalse(keccak256(changed) == keccak256(before));
        }
    }

    function test_everyRosterMemberIsSigned() public {
        _become(Kind.ROTATE);
        for (uint256 i = 0; i < N; i++) {
            Ceremony.Rotate memory act = _rotate();
            act.roster[i] = address(uint160(act.roster[i]) ^ 1);
            vm.assertFalse(ceremony.digestRotate(act) == digest);
        }
    }

    function _digestCall() private view returns (bytes memory) {
        if (kind == Kind.GENESIS) return abi.encodeCall(Ceremony.digestGenesis, (_genesis()));
        if (kind == Kind.ANCHOR) return abi.encodeCall(Ceremony.digestAnchor, (_anchor()));
        if (kind == Kind.RELEASE) return abi.encodeCall(Ceremony.digestRelease, (_release()));
        if (kind == Kind.ROTATE) return abi.encodeCall(Ceremony.digestRotate, (_rotate()));
        if (kind == Kind.HALT) return abi.encodeCall(Ceremony.digestHalt, (_halt()));
        return abi.encodeCall(Ceremony.digestResume, (_resume()));
    }
}
