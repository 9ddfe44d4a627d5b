// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Index} from "src/Indexed.sol";

/// @title The plain way: the roster in a mapping, five ecrecovers, and the whole act stored under its root
/// @notice The stored act is its index: there is no second one.
contract Naive {
    error NotApproved();

    struct Signature {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    event Anchored(uint64 indexed seq, bytes32 indexed root, uint8 kind, uint64 size, bytes32 metadata, bytes32 digest);

    bytes32 private constant TYPEHASH = keccak256(
        "Anchor(uint8 kind,bytes32 root,uint64 size,bytes32 metadata,bytes32 transcriptRoot,uint64 transcriptSize,uint64 seq)"
    );
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private immutable domainSeparator;

    bytes32 public head;
    uint64 public sequence;
    uint256 public threshold;
    mapping(address custodian => bool) public isCustodian;
    mapping(bytes32 root => Index.Act) public anchored;

    constructor(address[] memory roster, uint256 threshold_) {
        for (uint256 i = 0; i < roster.length; i++) {
            isCustodian[roster[i]] = true;
        }
        threshold = threshold_;
        domainSeparator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("ceremony rehearsal"), keccak256("1"), block.chainid, address(this))
        );
    }

    function anchor(Index.Act calldata act, Signature[] calldata signatures) external {
        bytes32 digest = digestAnchor(act);
        _requireApprovals(digest, signatures);
        anchored[act.root] = act;
        head = keccak256(abi.encode(head, digest));
        emit Anchored(sequence, act.root, act.kind, act.size, act.metadata, digest);
        sequence++;
    }

    function digestAnchor(Index.Act calldata act) public view returns (bytes32) {
        bytes32 fields = keccak256(abi.encode(TYPEHASH, act, sequence));
        return keccak256(abi.encodePacked(hex"1901", domainSeparator, fields));
    }

    /// Signers come in ascending order, so that nobody counts twice.
    function _requireApprovals(bytes32 digest, Signature[] calldata signatures) private view {
        if (signatures.length < threshold) revert NotApproved();
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ecrecover(digest, signatures[i].v, signatures[i].r, signatures[i].s);
            if (signer <= previous || !isCustodian[signer]) revert NotApproved();
            previous = signer;
        }
    }
}
