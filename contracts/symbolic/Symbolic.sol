// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";

/// The cheat codes that halmos answers, as its documentation has them: forge's, and its own for symbols.
interface Vm {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
    function chainId(uint256 id) external;
    function store(address account, bytes32 slot, bytes32 value) external;
    function deal(address account, uint256 wei_) external;
}

interface Svm {
    function createUint(uint256 bits, string calldata name) external pure returns (uint256);
    function createBytes32(string calldata name) external pure returns (bytes32);
    function createAddress(string calldata name) external pure returns (address);
    function createBool(string calldata name) external pure returns (bool);
    function createBytes(uint256 length, string calldata name) external pure returns (bytes memory);
    function enableSymbolicStorage(address account) external;
}

/// A contract in any state, at any time, to which any call of one of the six acts is made. Whatever holds for one such call
/// from any state holds for every history. Only the parts' number is among a few (see `_parts`).
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    uint256 internal constant GENESIS = 0;
    uint256 internal constant ANCHOR = 1;
    uint256 internal constant RELEASE = 2;
    uint256 internal constant ROTATE = 3;
    uint256 internal constant HALT = 4;
    uint256 internal constant RESUME = 5;
    uint256 internal constant ROTATED_ROSTER_SLOT = 2;
    uint256 internal constant LATEST_RELEASE_SLOT = 4; // the last but the two mappings

    /// What every act says of the moment it was approved for.
    struct Moment {
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    Ceremony internal ceremony;
    uint256 internal n;
    uint256 internal k;

    function setUp() public virtual {
        _deploy(2, 2);
    }

    function _deploy(uint256 n_, uint256 k_) internal {
        (n, k) = (n_, k_);
        address[] memory roster = new address[](n);
        for (uint256 i = 0; i < n; i++) {
            roster[i] = address(uint160(0x1001 + i));
        }
        ceremony = new Ceremony("ceremony", bytes32(uint256(7)), roster, uint8(k), uint8(n - k + 1));
        svm.enableSymbolicStorage(address(ceremony));
    }

    /// The state is any, but for one rule (nothing is halted before the genesis), which `check_haltedOnlyAfterGenesis` shows to last.
    function _anyState() internal {
        vm.warp(svm.createUint(64, "now"));
        // What the constructor wrote would stay as it is, so the words of the state are made symbols one by one.
        for (uint256 slot = 0; slot <= LATEST_RELEASE_SLOT; slot++) {
            vm.store(address(ceremony), bytes32(slot), svm.createBytes32("state"));
        }
        uint256 packed = svm.createUint(129, "sequence, epoch, halted");
        vm.store(address(ceremony), bytes32(uint256(1)), bytes32(packed));
        vm.assume(packed >> 128 == 0 || uint64(packed) > 0);
    }

    /// Every number from `least` to `most`, each on a path of its own.
    function _oneOf(uint256 least, uint256 most, string memory name) internal pure returns (uint256 number) {
        uint256 chosen = svm.createUint(8, name);
        for (number = least; number < most; number++) {
            if (chosen == number) return number;
        }
        vm.assume(chosen == most);
    }

    function _kind() internal pure returns (uint256) {
        return _oneOf(GENESIS, RESUME, "kind");
    }

    function _needed(uint256 kind) internal view returns (uint256) {
        return kind == HALT ? n - k + 1 : k;
    }

    function _moment() internal pure returns (Moment memory) {
        return Moment(_u64("epoch"), _u64("seq"), _u64("deadline"), svm.createBytes32("head"));
    }

    function _u64(string memory name) internal pure returns (uint64) {
        return uint64(svm.createUint(64, name));
    }

    function _bitmap() internal pure returns (uint32) {
        return uint32(svm.createUint(32, "bitmap"));
    }

    /// As many as some bitmap with enough approvals asks for: that no other number is taken is `check_partsAreCounted`.
    function _parts(uint256 kind) internal view returns (bytes32[] memory) {
        return _words(_oneOf(n + _needed(kind), 2 * n, "parts"));
    }

    function _words(uint256 count) internal pure returns (bytes32[] memory words) {
        words = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            words[i] = svm.createBytes32("part");
        }
    }

    function _roster(uint256 count) internal pure returns (address[] memory roster) {
        roster = new address[](count);
        for (uint256 i = 0; i < count; i++) {
            roster[i] = svm.createAddress("custodian");
        }
    }

    // --- acts with any content, but for what a property speaks of

    function _genesis(Moment memory at) internal pure returns (Ceremony.Genesis memory) {
        (bytes32 root, bytes32 plan) = (svm.createBytes32("root"), svm.createBytes32("plan"));
        return Ceremony.Genesis(root, _u64("size"), plan, at.epoch, at.seq, at.deadline, at.head);
    }

    function _anchor(Moment memory at) internal pure returns (Ceremony.Anchor memory act) {
        act.kind = uint8(svm.createUint(8, "kind of root"));
        (act.root, act.size) = (svm.createBytes32("root"), _u64("size"));
        (act.metadata, act.transcriptRoot) = (svm.createBytes32("metadata"), svm.createBytes32("transcript"));
        (act.transcriptSize, act.epoch, act.seq) = (_u64("transcript size"), at.epoch, at.seq);
        (act.deadline, act.head) = (at.deadline, at.head);
    }

    function _release(Moment memory at) internal pure returns (Ceremony.Release memory act) {
        (act.artifact, act.manifest) = (svm.createBytes32("artifact"), svm.createBytes32("manifest"));
        (act.predecessor, act.transcriptRoot) = (svm.createBytes32("predecessor"), svm.createBytes32("transcript"));
        (act.transcriptSize, act.epoch, act.seq) = (_u64("transcript size"), at.epoch, at.seq);
        (act.deadline, act.head) = (at.deadline, at.head);
    }

    function _rotate(Moment memory at, uint256 count) internal pure returns (Ceremony.Rotate memory) {
        (bytes32 root, uint64 size) = (svm.createBytes32("transcript"), _u64("transcript size"));
        return Ceremony.Rotate(_roster(count), root, size, at.epoch, at.seq, at.deadline, at.head);
    }

    function _halt(Moment memory at) internal pure returns (Ceremony.Halt memory) {
        (bytes32 reason, bytes32 root) = (svm.createBytes32("reason"), svm.createBytes32("transcript"));
        return Ceremony.Halt(reason, root, _u64("transcript size"), at.epoch, at.seq, at.deadline, at.head);
    }

    function _resume(Moment memory at) internal pure returns (Ceremony.Resume memory) {
        (bytes32 reason, bytes32 root) = (svm.createBytes32("reason"), svm.createBytes32("transcript"));
        return Ceremony.Resume(reason, root, _u64("transcript size"), at.epoch, at.seq, at.deadline, at.head);
    }

    /// The call, and the digest that its approvals sign.
    function _call(
        uint256 kind,
        Moment memory at,
        uint32 bitmap,
        bytes32[] memory parts
    ) internal view returns (bytes memory, bytes32) {
        if (kind == GENESIS) {
            Ceremony.Genesis memory genesis = _genesis(at);
            return (abi.encodeCall(Ceremony.genesis, (genesis, bitmap, parts)), ceremony.digestGenesis(genesis));
        }
        if (kind == ANCHOR) {
            Ceremony.Anchor memory anchor = _anchor(at);
            return (abi.encodeCall(Ceremony.anchor, (anchor, bitmap, parts)), ceremony.digestAnchor(anchor));
        }
        if (kind == RELEASE) {
            Ceremony.Release memory release = _release(at);
            return (abi.encodeCall(Ceremony.release, (release, bitmap, parts)), ceremony.digestRelease(release));
        }
        if (kind == ROTATE) {
            Ceremony.Rotate memory rotation = _rotate(at, n);
            // Its digest is refused where the call would be, so it is not asked for here.
            return (abi.encodeCall(Ceremony.rotate, (rotation, bitmap, parts)), 0);
        }
        if (kind == HALT) {
            Ceremony.Halt memory halt = _halt(at);
            return (abi.encodeCall(Ceremony.halt, (halt, bitmap, parts)), ceremony.digestHalt(halt));
        }
        Ceremony.Resume memory resume = _resume(at);
        return (abi.encodeCall(Ceremony.resume, (resume, bitmap, parts)), ceremony.digestResume(resume));
    }

    function _send(bytes memory call) internal returns (bool taken) {
        (taken,) = address(ceremony).call(call);
    }

    /// Any call of this kind for this moment.
    function _try(uint256 kind, Moment memory at) internal returns (bool taken) {
        (bytes memory call,) = _call(kind, at, _bitmap(), _parts(kind));
        return _send(call);
    }

    function _try(uint256 kind) internal returns (bool) {
        return _try(kind, _moment());
    }
}
