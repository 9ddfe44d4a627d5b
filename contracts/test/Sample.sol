// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Vm} from "./Vm.sol";

/// Seven sample custodians, a 5-of-7 contract, acts that it would take, and ways to approve and send them.
abstract contract Sample {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint8 internal constant N = 7;
    uint8 internal constant K = 5;
    uint32 internal constant FIVE = 0x5D; // positions 0, 2, 3, 4 and 6
    uint32 internal constant FOUR = 0x1D; // positions 0, 2, 3 and 4
    uint256 internal constant NOW = 1_800_000_000; // seconds
    bytes32 internal constant CEREMONY_ID = keccak256("sample ceremony");

    uint256[] internal keys; // in the order of their addresses
    address[] internal roster;
    Ceremony internal ceremony;

    function _prepare() internal {
        vm.warp(NOW);
        for (uint256 i = 1; i <= N; i++) {
            _enrol(i);
        }
        ceremony = _deploy(roster);
    }

    /// Insertion by address.
    function _enrol(uint256 key) private {
        keys.push(key);
        uint256 at = keys.length - 1;
        for (; at > 0 && vm.addr(keys[at - 1]) > vm.addr(key); at--) {
            keys[at] = keys[at - 1];
        }
        keys[at] = key;
        delete roster;
        for (uint256 i = 0; i < keys.length; i++) {
            roster.push(vm.addr(keys[i]));
        }
    }

    function _deploy(address[] memory members) internal returns (Ceremony) {
        return new Ceremony("ceremony", CEREMONY_ID, keccak256(abi.encodePacked(members)), N, K, N - K + 1);
    }

    function _genesis() internal pure returns (Ceremony.Genesis memory) {
        return Ceremony.Genesis({
            root: keccak256("genesis root"),
            size: 60,
            planDigest: keccak256("plan"),
            epoch: 1,
            seq: 0,
            deadline: uint64(NOW + 3600),
            head: 0
        });
    }

    function _anchor() internal view returns (Ceremony.Anchor memory) {
        return Ceremony.Anchor({
            kind: 2,
            root: keccak256("later root"),
            size: 90,
            metadata: keccak256("metadata"),
            transcriptRoot: keccak256("transcript root"),
            transcriptSize: 80,
            epoch: 1,
            seq: ceremony.sequence(),
            deadline: uint64(NOW + 3600),
            head: ceremony.head()
        });
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    /// One part for each position: a signature where the bit is set, an address elsewhere.
    function _parts(bytes32 digest, uint32 bitmap) internal view returns (bytes[] memory parts) {
        parts = new bytes[](N);
        for (uint256 i = 0; i < N; i++) {
            bool approves = (bitmap >> i) & 1 == 1;
            parts[i] = approves ? _signature(keys[i], digest) : abi.encodePacked(roster[i]);
        }
    }

    function _join(uint32 bitmap, bytes[] memory parts) internal pure returns (bytes memory approvals) {
        approvals = abi.encodePacked(bitmap);
        for (uint256 i = 0; i < parts.length; i++) {
            approvals = bytes.concat(approvals, parts[i]);
        }
    }

    function _approvals(bytes32 digest, uint32 bitmap) internal view returns (bytes memory) {
        return _join(bitmap, _parts(digest, bitmap));
    }

    function _genesisCall(Ceremony.Genesis memory act, bytes memory approvals) internal pure returns (bytes memory) {
        return abi.encodeCall(Ceremony.genesis, (act, approvals));
    }

    function _anchorCall(Ceremony.Anchor memory act, bytes memory approvals) internal pure returns (bytes memory) {
        return abi.encodeCall(Ceremony.anchor, (act, approvals));
    }

    /// The genesis with five approvals, as bytes to send or to spoil.
    function _goodGenesisCall() internal view returns (bytes memory) {
        Ceremony.Genesis memory act = _genesis();
        return _genesisCall(act, _approvals(ceremony.digestGenesis(act), FIVE));
    }

    function _goodAnchorCall() internal view returns (bytes memory) {
        Ceremony.Anchor memory act = _anchor();
        return _anchorCall(act, _approvals(ceremony.digestAnchor(act), FIVE));
    }

    function _mustTake(bytes memory call) internal {
        uint64 before = ceremony.sequence();
        (bool taken,) = address(ceremony).call(call);
        vm.assertTrue(taken);
        vm.assertEq(ceremony.sequence(), before + 1);
    }

    /// Refused, by exactly this rule, and nothing has changed.
    function _mustRefuse(bytes memory call, bytes4 rule) internal {
        bytes memory why = _refusal(call);
        vm.assertEq(why, abi.encodePacked(rule));
    }

    /// Refused by the ABI decoder, before any rule of ours: the one refusal without a name.
    function _mustNotDecode(bytes memory call) internal {
        vm.assertEq(_refusal(call), "");
    }

    function _refusal(bytes memory call) internal returns (bytes memory why) {
        bytes32 headBefore = ceremony.head();
        uint64 sequenceBefore = ceremony.sequence();
        bool taken;
        (taken, why) = address(ceremony).call(call);
        vm.assertFalse(taken);
        vm.assertEq(ceremony.head(), headBefore);
        vm.assertEq(ceremony.sequence(), sequenceBefore);
    }
}

/// What most tests start from.
abstract contract SampleTest is Sample {
    function setUp() public virtual {
        _prepare();
    }
}
