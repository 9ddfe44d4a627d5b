// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Index} from "src/Indexed.sol";

/// @title The far bound: one key signs, with one ecrecover
/// @notice As cheap as approvals get if seven custodians were to make one signature together. It shows no quorum to anybody.
contract OneSigner is Index {
    error NotTheSigner();

    bytes32 private constant TYPEHASH = keccak256(
        "Anchor(uint8 kind,bytes32 root,uint64 size,bytes32 metadata,bytes32 transcriptRoot,uint64 transcriptSize,uint64 seq)"
    );
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private immutable domainSeparator;
    address private immutable signer;

    constructor(address signer_) {
        signer = signer_;
        domainSeparator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("ceremony rehearsal"), keccak256("1"), block.chainid, address(this))
        );
    }

    function anchor(Act calldata act, uint8 v, bytes32 r, bytes32 s) external {
        bytes32 digest = digestAnchor(act);
        if (ecrecover(digest, v, r, s) != signer) revert NotTheSigner(); // the signer is nobody's zero
        _append(act, digest);
    }

    function digestAnchor(Act calldata act) public view returns (bytes32) {
        bytes32 fields = keccak256(abi.encode(TYPEHASH, act, sequence));
        return keccak256(abi.encodePacked(hex"1901", domainSeparator, fields));
    }
}
