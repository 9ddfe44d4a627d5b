// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";
import {Vm} from "./Vm.sol";

/// Each act logs one event: topics are its sequence number and what it is about, and the data ends in its digest.
contract EventsTest is EveryAct {
    bytes32 private constant ROOT = keccak256("later root");

    function _mustLog(Kind kind_, bytes memory signature, bytes32 subject, bytes memory data) private {
        vm.recordLogs();
        uint256 number = ceremony.sequence();
        kind = kind_;
        _mustTake(_good());
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].emitter, address(ceremony));
        vm.assertEq(logs[0].topics.length, 3);
        vm.assertEq(logs[0].topics[0], keccak256(signature));
        vm.assertEq(uint256(logs[0].topics[1]), number);
        vm.assertEq(logs[0].topics[2], subject);
        vm.assertEq(logs[0].data, data);
    }

    function test_logsTheGenesis() public {
        _become(Kind.GENESIS);
        bytes memory data = abi.encode(60, keccak256("plan"), digest);
        bytes memory signature = "GenesisAnchored(uint64,bytes32,uint64,bytes32,bytes32)";
        _mustLog(kind, signature, keccak256("genesis root"), data);
    }

    function test_logsAnAnchor() public {
        _become(Kind.ANCHOR);
        bytes memory data = abi.encode(2, 90, keccak256("metadata"), digest);
        _mustLog(kind, "Anchored(uint64,bytes32,uint8,uint64,bytes32,bytes32)", ROOT, data);
    }

    /// A void is logged as an anchor of its kind: whoever recomputes the head needs its digest too.
    function test_logsAVoid() public {
        _become(Kind.ANCHOR);
        Ceremony.Anchor memory act = _anchor();
        act.kind = 0;
        bytes memory data = abi.encode(0, 90, keccak256("metadata"), ceremony.digestAnchor(act));
        bytes memory call = _call(act, FIVE);
        vm.recordLogs();
        _mustTake(call);
        vm.assertEq(vm.getRecordedLogs()[0].data, data);
    }

    function test_logsARelease() public {
        _become(Kind.RELEASE);
        _mustTake(_good());
        digest = _digestOf(Kind.RELEASE);
        Ceremony.Release memory act = _release();
        vm.assertFalse(act.predecessor == 0);
        bytes memory data = abi.encode(act.manifest, act.predecessor, digest);
        _mustLog(kind, "Released(uint64,bytes32,bytes32,bytes32,bytes32)", act.artifact, data);
    }

    function test_logsARotation() public {
        _become(Kind.ROTATE);
        address[] memory heirs = _addresses(_keysFrom(HEIRS_KEY));
        bytes memory data = abi.encode(2, heirs, digest);
        bytes memory signature = "Rotated(uint64,bytes32,uint64,address[],bytes32)";
        _mustLog(kind, signature, keccak256(abi.encodePacked(heirs)), data);
    }

    function test_logsAHalt() public {
        _become(Kind.HALT);
        _mustLog(kind, "Halted(uint64,bytes32,bytes32)", keccak256("why"), abi.encode(digest));
    }

    function test_logsAResumption() public {
        _become(Kind.RESUME);
        _mustLog(kind, "Resumed(uint64,bytes32,bytes32)", keccak256("why"), abi.encode(digest));
    }

    /// From the last words of all events, in order, anyone can recompute the head.
    function test_eventsGiveTheHead() public {
        _prepare();
        vm.recordLogs();
        _mustTake(_call(_genesis(), FIVE));
        _mustTake(_call(_release(), FIVE));
        _mustTake(_call(_anchor(), FIVE));
        _mustTake(_call(_halt(), THREE));
        _mustTake(_call(_rotate(), FIVE));
        _takeOffice(HEIRS_KEY);
        _mustTake(_call(_resume(), FIVE));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 6);
        bytes32 head = 0;
        for (uint256 i = 0; i < logs.length; i++) {
            vm.assertEq(uint256(logs[i].topics[1]), i);
            head = keccak256(abi.encode(head, _digestIn(logs[i].data, i == 4 ? 2 : logs[i].data.length / 32 - 1)));
        }
        vm.assertEq(ceremony.head(), head);
    }

    /// A rotation's data goes on behind its digest, with the roster.
    function _digestIn(bytes memory data, uint256 word) private pure returns (bytes32 found) {
        assembly ("memory-safe") {
            found := mload(add(add(data, 0x20), mul(word, 0x20)))
        }
    }
}
