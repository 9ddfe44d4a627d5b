// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";
import {Index} from "src/Indexed.sol";

/// @title The same anchor with OpenZeppelin's multisignature, used as its documentation shows
contract MultiSigner is Index, EIP712, MultiSignerERC7913 {
    error NotApproved();

    bytes32 private constant TYPEHASH = keccak256(
        "Anchor(uint8 kind,bytes32 root,uint64 size,bytes32 metadata,bytes32 transcriptRoot,uint64 transcriptSize,uint64 seq)"
    );

    constructor(
        bytes[] memory signers,
        uint64 threshold_
    ) EIP712("ceremony rehearsal", "1") MultiSignerERC7913(signers, threshold_) {}

    function anchor(Act calldata act, bytes calldata approvals) external {
        bytes32 digest = digestAnchor(act);
        if (!_rawSignatureValidation(digest, approvals)) revert NotApproved();
        _append(act, digest);
    }

    function digestAnchor(Act calldata act) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(TYPEHASH, act, sequence)));
    }
}
