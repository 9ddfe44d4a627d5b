// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What our contract keeps of each anchor, for the peers of the gas benchmark
/// @notice The same index, hash chain, number and event. Who may add to it, and what was signed, is each peer's own affair.
abstract contract Index {
    struct Act {
        uint8 kind;
        bytes32 root;
        uint64 size;
        bytes32 metadata;
        bytes32 transcriptRoot;
        uint64 transcriptSize;
    }

    event Anchored(uint64 indexed seq, bytes32 indexed root, uint8 kind, uint64 size, bytes32 metadata, bytes32 digest);

    bytes32 public head;
    uint64 public sequence;
    mapping(bytes32 root => bool) public anchored;

    function _append(Act calldata act, bytes32 digest) internal {
        uint64 seq = sequence;
        anchored[act.root] = true;
        head = keccak256(abi.encode(head, digest));
        sequence = seq + 1;
        emit Anchored(seq, act.root, act.kind, act.size, act.metadata, digest);
    }
}

/// @title An anchor contract that takes acts from one other contract, here a Safe
/// @notice The Safe's own nonce orders the acts and its signatures cover them: nothing of that is done twice.
contract Indexed is Index {
    error NotTheSafe();

    address private immutable safe;

    constructor(address safe_) {
        safe = safe_;
    }

    function anchor(Act calldata act) external {
        if (msg.sender != safe) revert NotTheSafe();
        _append(act, keccak256(abi.encode(act)));
    }
}
