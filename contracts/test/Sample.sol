// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Vm} from "./Vm.sol";

/// Seven sample custodians, a 5-of-7 contract, acts that it would take, and ways to approve, send and spoil them.
abstract contract Sample {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint8 internal constant N = 7;
    uint8 internal constant K = 5;
    uint8 internal constant HALTING = 3;
    uint32 internal constant FIVE = 0x5D; // positions 0, 2, 3, 4 and 6
    uint32 internal constant FOUR = 0x1D; // positions 0, 2, 3 and 4
    uint32 internal constant THREE = 0x1C; // positions 2, 3 and 4
    uint32 internal constant TWO = 0x18; // positions 3 and 4
    uint256 internal constant FIRST_KEY = 1;
    uint256 internal constant HEIRS_KEY = 101; // the roster after a rotation
    uint256 internal constant NOW = 1_800_000_000; // seconds
    uint64 internal constant DEADLINE = uint64(NOW + 3600);
    bytes32 internal constant CEREMONY_ID = keccak256("sample ceremony");
    bytes32 internal constant TRANSCRIPT = keccak256("transcript root");

    uint256[] internal keys; // in the order of their addresses
    address[] internal roster;
    Ceremony internal ceremony;

    function _prepare() internal {
        vm.warp(NOW);
        _takeOffice(FIRST_KEY);
        ceremony = _deploy();
    }

    function _deploy() internal returns (Ceremony) {
        return new Ceremony("ceremony", CEREMONY_ID, roster, K, HALTING);
    }

    /// From here on the seven keys from `first` approve.
    function _takeOffice(uint256 first) internal {
        keys = _keysFrom(first);
        roster = _addresses(keys);
    }

    /// Seven keys, sorted by address.
    function _keysFrom(uint256 first) internal pure returns (uint256[] memory sorted) {
        sorted = new uint256[](N);
        for (uint256 i = 0; i < N; i++) {
            uint256 at = i;
            for (; at > 0 && vm.addr(sorted[at - 1]) > vm.addr(first + i); at--) {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = first + i;
        }
    }

    function _addresses(uint256[] memory of_) internal pure returns (address[] memory found) {
        found = new address[](of_.length);
        for (uint256 i = 0; i < of_.length; i++) {
            found[i] = vm.addr(of_[i]);
        }
    }

    // --- acts that the contract would take next

    function _genesis() internal view returns (Ceremony.Genesis memory) {
        return Ceremony.Genesis({
            root: keccak256("genesis root"),
            size: 60,
            planDigest: keccak256("plan"),
            epoch: ceremony.epoch(),
            seq: ceremony.sequence(),
            deadline: DEADLINE,
            head: ceremony.head()
        });
    }

    function _anchor() internal view returns (Ceremony.Anchor memory) {
        return Ceremony.Anchor({
            kind: 2,
            root: keccak256("later root"),
            size: 90,
            metadata: keccak256("metadata"),
            transcriptRoot: TRANSCRIPT,
            transcriptSize: 80,
            epoch: ceremony.epoch(),
            seq: ceremony.sequence(),
            deadline: DEADLINE,
            head: ceremony.head()
        });
    }

    function _release() internal view returns (Ceremony.Release memory) {
        return Ceremony.Release({
            artifact: keccak256(abi.encode("artifact", ceremony.sequence())),
            manifest: keccak256("manifest"),
            predecessor: ceremony.latestRelease(),
            transcriptRoot: TRANSCRIPT,
            transcriptSize: 80,
            epoch: ceremony.epoch(),
            seq: ceremony.sequence(),
            deadline: DEADLINE,
            head: ceremony.head()
        });
    }

    function _rotate() internal view returns (Ceremony.Rotate memory) {
        return Ceremony.Rotate({
            roster: _addresses(_keysFrom(HEIRS_KEY)),
            transcriptRoot: TRANSCRIPT,
            transcriptSize: 80,
            epoch: ceremony.epoch(),
            seq: ceremony.sequence(),
            deadline: DEADLINE,
            head: ceremony.head()
        });
    }

    function _halt() internal view returns (Ceremony.Halt memory) {
        (uint64 epoch, uint64 seq, bytes32 head) = (ceremony.epoch(), ceremony.sequence(), ceremony.head());
        return Ceremony.Halt(keccak256("why"), TRANSCRIPT, 80, epoch, seq, DEADLINE, head);
    }

    function _resume() internal view returns (Ceremony.Resume memory) {
        (uint64 epoch, uint64 seq, bytes32 head) = (ceremony.epoch(), ceremony.sequence(), ceremony.head());
        return Ceremony.Resume(keccak256("why"), TRANSCRIPT, 80, epoch, seq, DEADLINE, head);
    }

    // --- approvals

    function _signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    /// One item for each position: a signature of two words where the bit is set, the address as one word elsewhere.
    function _items(bytes32 digest, uint32 bitmap) internal view returns (bytes[] memory items) {
        items = new bytes[](N);
        for (uint256 i = 0; i < N; i++) {
            items[i] = (bitmap >> i) & 1 == 1 ? _signature(keys[i], digest) : abi.encode(roster[i]);
        }
    }

    function _parts(bytes[] memory items) internal pure returns (bytes32[] memory parts) {
        bytes memory joined;
        for (uint256 i = 0; i < items.length; i++) {
            joined = bytes.concat(joined, items[i]);
        }
        return abi.decode(bytes.concat(abi.encode(0x20, joined.length / 32), joined), (bytes32[]));
    }

    function _approvals(bytes32 digest, uint32 bitmap) internal view returns (bytes32[] memory) {
        return _parts(_items(digest, bitmap));
    }

    // --- an act as the calldata that its approvers send

    function _call(Ceremony.Genesis memory act, uint32 who) internal view returns (bytes memory) {
        return abi.encodeCall(Ceremony.genesis, (act, who, _approvals(ceremony.digestGenesis(act), who)));
    }

    function _call(Ceremony.Anchor memory act, uint32 who) internal view returns (bytes memory) {
        return abi.encodeCall(Ceremony.anchor, (act, who, _approvals(ceremony.digestAnchor(act), who)));
    }

    function _call(Ceremony.Release memory act, uint32 who) internal view returns (bytes memory) {
        return abi.encodeCall(Ceremony.release, (act, who, _approvals(ceremony.digestRelease(act), who)));
    }

    function _call(Ceremony.Rotate memory act, uint32 who) internal view returns (bytes memory) {
        return abi.encodeCall(Ceremony.rotate, (act, who, _approvals(ceremony.digestRotate(act), who)));
    }

    function _call(Ceremony.Halt memory act, uint32 who) internal view returns (bytes memory) {
        return abi.encodeCall(Ceremony.halt, (act, who, _approvals(ceremony.digestHalt(act), who)));
    }

    function _call(Ceremony.Resume memory act, uint32 who) internal view returns (bytes memory) {
        return abi.encodeCall(Ceremony.resume, (act, who, _approvals(ceremony.digestResume(act), who)));
    }

    // --- what becomes of a call

    /// All that a refused call must leave alone.
    function _state() internal view returns (bytes memory) {
        return abi.encode(
            ceremony.head(),
            ceremony.sequence(),
            ceremony.epoch(),
            ceremony.halted(),
            ceremony.rosterDigest(),
            ceremony.genesisRoot(),
            ceremony.latestRelease()
        );
    }

    function _mustTake(bytes memory call) internal {
        uint64 before = ceremony.sequence();
        (bool taken,) = address(ceremony).call(call);
        vm.assertTrue(taken);
        vm.assertEq(ceremony.sequence(), before + 1);
    }

    /// Refused, by exactly this rule, and nothing has changed.
    function _mustRefuse(bytes memory call, bytes4 rule) internal {
        vm.assertEq(_refusal(call), abi.encodePacked(rule));
    }

    /// Refused by the ABI decoder, before any rule of ours: the one refusal without a name.
    function _mustNotDecode(bytes memory call) internal {
        vm.assertEq(_refusal(call), "");
    }

    function _refusal(bytes memory call) internal returns (bytes memory why) {
        bytes memory before = _state();
        bool taken;
        (taken, why) = address(ceremony).call(call);
        vm.assertFalse(taken);
        vm.assertEq(_state(), before);
    }

    /// Refused, or a question, which is answered the same where nothing may change: no act can be.
    function _noAct(bytes memory call) internal {
        bytes memory before = _state();
        (bool answered, bytes memory answer) = address(ceremony).staticcall(call);
        (bool taken, bytes memory said) = address(ceremony).call(call);
        vm.assertTrue(taken == answered);
        vm.assertEq(said, answer);
        vm.assertEq(_state(), before);
    }
}

/// What most tests start from.
abstract contract SampleTest is Sample {
    function setUp() public virtual {
        _prepare();
    }
}
