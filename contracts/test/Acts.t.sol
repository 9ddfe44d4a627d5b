// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";
import {Vm} from "./Vm.sol";

/// What an act must say to be taken. Each test spoils one field of an act that five approve.
contract ActsTest is SampleTest {
    function _sendGenesis(Ceremony.Genesis memory act, bytes4 rule) private {
        _mustRefuse(_genesisCall(act, _approvals(ceremony.digestGenesis(act), FIVE)), rule);
    }

    function _sendAnchor(Ceremony.Anchor memory act, bytes4 rule) private {
        _mustRefuse(_anchorCall(act, _approvals(ceremony.digestAnchor(act), FIVE)), rule);
    }

    // --- what is taken, and what it leaves behind

    function test_takesTheGenesis() public {
        bytes32 digest = ceremony.digestGenesis(_genesis());
        _mustTake(_goodGenesisCall());
        vm.assertEq(ceremony.head(), keccak256(abi.encode(bytes32(0), digest)));
        vm.assertEq(ceremony.sequence(), 1);
        vm.assertEq(ceremony.genesisRoot(), _genesis().root);
        vm.assertTrue(ceremony.anchored(_genesis().root));
        vm.assertFalse(ceremony.anchored(keccak256("later root")));
    }

    function test_takesAnchorsAfterTheGenesis() public {
        _mustTake(_goodGenesisCall());
        for (uint64 i = 0; i < 3; i++) {
            bytes32 before = ceremony.head();
            Ceremony.Anchor memory act = _anchor();
            act.root = keccak256(abi.encode(i));
            bytes32 digest = ceremony.digestAnchor(act);
            _mustTake(_anchorCall(act, _approvals(digest, FIVE)));
            vm.assertEq(ceremony.head(), keccak256(abi.encode(before, digest)));
            vm.assertTrue(ceremony.anchored(act.root));
        }
        vm.assertEq(ceremony.sequence(), 4);
        vm.assertEq(ceremony.genesisRoot(), _genesis().root);
    }

    function test_takesAnActInItsLastSecond() public {
        vm.warp(_genesis().deadline);
        _mustTake(_goodGenesisCall());
    }

    function test_logsTheGenesis() public {
        vm.recordLogs();
        _mustTake(_goodGenesisCall());
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].emitter, address(ceremony));
        vm.assertEq(logs[0].topics.length, 3);
        vm.assertEq(logs[0].topics[0], keccak256("GenesisAnchored(uint64,bytes32,uint64,bytes32,bytes32)"));
        vm.assertEq(logs[0].topics[1], 0);
        vm.assertEq(logs[0].topics[2], _genesis().root);
        vm.assertEq(logs[0].data, abi.encode(_genesis().size, ceremony.head(), ceremony.digestGenesis(_genesis())));
    }

    function test_logsAnAnchor() public {
        _mustTake(_goodGenesisCall());
        Ceremony.Anchor memory act = _anchor();
        vm.recordLogs();
        _mustTake(_goodAnchorCall());
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].topics[0], keccak256("Anchored(uint64,bytes32,uint8,uint64,bytes32,bytes32,bytes32)"));
        vm.assertEq(uint256(logs[0].topics[1]), 1);
        vm.assertEq(logs[0].topics[2], act.root);
        bytes memory data = abi.encode(act.kind, act.size, act.metadata, ceremony.head(), ceremony.digestAnchor(act));
        vm.assertEq(logs[0].data, data);
    }

    // --- the order of acts

    function test_anchorBeforeGenesis() public {
        _mustRefuse(_goodAnchorCall(), Ceremony.NotYetGenesis.selector);
    }

    function test_secondGenesis() public {
        _mustTake(_goodGenesisCall());
        Ceremony.Genesis memory act = _genesis();
        act.seq = ceremony.sequence();
        act.head = ceremony.head();
        _sendGenesis(act, Ceremony.GenesisTwice.selector);
    }

    function test_replayedGenesis() public {
        bytes memory call = _goodGenesisCall();
        _mustTake(call);
        _mustRefuse(call, Ceremony.GenesisTwice.selector);
    }

    function test_replayedAnchor() public {
        _mustTake(_goodGenesisCall());
        bytes memory call = _goodAnchorCall();
        _mustTake(call);
        _mustRefuse(call, Ceremony.WrongSequence.selector);
    }

    // --- one wrong field of the genesis

    function test_genesisWithoutRoot() public {
        Ceremony.Genesis memory act = _genesis();
        act.root = 0;
        _sendGenesis(act, Ceremony.EmptyRoot.selector);
    }

    function test_genesisOfNoEntries() public {
        Ceremony.Genesis memory act = _genesis();
        act.size = 0;
        _sendGenesis(act, Ceremony.EmptyRoot.selector);
    }

    function test_genesisOfAnotherEpoch() public {
        Ceremony.Genesis memory act = _genesis();
        act.epoch = 0;
        _sendGenesis(act, Ceremony.WrongEpoch.selector);
        act.epoch = 2;
        _sendGenesis(act, Ceremony.WrongEpoch.selector);
    }

    function test_genesisOutOfSequence() public {
        Ceremony.Genesis memory act = _genesis();
        act.seq = 1;
        _sendGenesis(act, Ceremony.WrongSequence.selector);
    }

    function test_genesisOnAnotherHead() public {
        Ceremony.Genesis memory act = _genesis();
        act.head = bytes32(uint256(1));
        _sendGenesis(act, Ceremony.WrongHead.selector);
    }

    function test_genesisTooLate() public {
        bytes memory call = _goodGenesisCall();
        vm.warp(uint256(_genesis().deadline) + 1);
        _mustRefuse(call, Ceremony.DeadlinePassed.selector);
    }

    // --- one wrong field of an anchor

    function _anchorAfterGenesis() private returns (Ceremony.Anchor memory) {
        _mustTake(_goodGenesisCall());
        return _anchor();
    }

    function test_anchorWithoutRoot() public {
        Ceremony.Anchor memory act = _anchorAfterGenesis();
        act.root = 0;
        _sendAnchor(act, Ceremony.EmptyRoot.selector);
    }

    function test_anchorOfNoEntries() public {
        Ceremony.Anchor memory act = _anchorAfterGenesis();
        act.size = 0;
        _sendAnchor(act, Ceremony.EmptyRoot.selector);
    }

    function test_anchorOfAnotherEpoch() public {
        Ceremony.Anchor memory act = _anchorAfterGenesis();
        act.epoch = 2;
        _sendAnchor(act, Ceremony.WrongEpoch.selector);
    }

    function test_anchorOutOfSequence() public {
        Ceremony.Anchor memory act = _anchorAfterGenesis();
        act.seq = 0;
        _sendAnchor(act, Ceremony.WrongSequence.selector);
        act.seq = 2;
        _sendAnchor(act, Ceremony.WrongSequence.selector);
    }

    function test_anchorOnAnotherHead() public {
        Ceremony.Anchor memory act = _anchorAfterGenesis();
        act.head = 0;
        _sendAnchor(act, Ceremony.WrongHead.selector);
    }

    function test_anchorTooLate() public {
        Ceremony.Anchor memory act = _anchorAfterGenesis();
        act.deadline = uint64(NOW - 1);
        _sendAnchor(act, Ceremony.DeadlinePassed.selector);
    }
}
