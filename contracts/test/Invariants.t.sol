// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Sample} from "./Sample.sol";

/// Custodians who approve good and bad acts in any order, and keep their own account of what was taken.
contract Custodians is Sample {
    bytes32 public expectedHead;
    uint64 public expectedSequence;
    bytes32 public firstRoot;
    bytes32[] public roots;
    bytes[] private takenCalls;

    constructor() {
        _prepare();
    }

    function contractUnderTest() external view returns (Ceremony) {
        return ceremony;
    }

    function rootCount() external view returns (uint256) {
        return roots.length;
    }

    function _enough(uint32 bitmap) private pure returns (bool) {
        uint256 present = 0;
        for (uint256 i = 0; i < N; i++) {
            present += (bitmap >> i) & 1;
        }
        return present >= K;
    }

    function _note(bytes memory call, bool mayPass, bytes32 root, bytes32 digest) private {
        (bool taken,) = address(ceremony).call(call);
        vm.assertTrue(taken == mayPass);
        if (!taken) return;
        expectedHead = keccak256(abi.encode(expectedHead, digest));
        expectedSequence++;
        if (roots.length == 0) firstRoot = root;
        roots.push(root);
        takenCalls.push(call);
    }

    function tryGenesis(bytes32 root, uint32 bitmap) external {
        Ceremony.Genesis memory act = _genesis();
        act.root = root;
        act.seq = expectedSequence;
        act.head = expectedHead;
        bytes32 digest = ceremony.digestGenesis(act);
        bool mayPass = expectedSequence == 0 && root != 0 && _enough(bitmap % 128);
        _note(_genesisCall(act, _approvals(digest, bitmap % 128)), mayPass, root, digest);
    }

    function tryAnchor(bytes32 root, uint32 bitmap, uint64 seqOffset) external {
        Ceremony.Anchor memory act = _anchor();
        act.root = root;
        act.seq += seqOffset % 3;
        bytes32 digest = ceremony.digestAnchor(act);
        bool mayPass = expectedSequence > 0 && seqOffset % 3 == 0 && root != 0 && _enough(bitmap % 128);
        _note(_anchorCall(act, _approvals(digest, bitmap % 128)), mayPass, root, digest);
    }

    function tryReplay(uint256 which) external {
        if (takenCalls.length == 0) return;
        _note(takenCalls[which % takenCalls.length], false, 0, 0);
    }

    function tryNoise(bytes memory call) external {
        _note(call, false, 0, 0);
    }
}

contract InvariantsTest is Sample {
    Custodians private custodians;

    function setUp() public {
        custodians = new Custodians();
        ceremony = custodians.contractUnderTest();
    }

    /// Read by forge: only the custodians are called.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(custodians);
    }

    /// One campaign checks all of them after every call.
    function invariant_contractAgreesWithTheCustodians() public view {
        _headIsTheHashChainOfAllTakenActs();
        _sequenceCountsTakenActs();
        _genesisRootNeverChanges();
        _everyTakenRootStaysAnchored();
    }

    function _headIsTheHashChainOfAllTakenActs() private view {
        vm.assertEq(ceremony.head(), custodians.expectedHead());
    }

    function _sequenceCountsTakenActs() private view {
        vm.assertEq(ceremony.sequence(), custodians.expectedSequence());
    }

    function _genesisRootNeverChanges() private view {
        vm.assertEq(ceremony.genesisRoot(), custodians.firstRoot());
    }

    function _everyTakenRootStaysAnchored() private view {
        for (uint256 i = 0; i < custodians.rootCount(); i++) {
            vm.assertTrue(ceremony.anchored(custodians.roots(i)));
        }
    }
}
