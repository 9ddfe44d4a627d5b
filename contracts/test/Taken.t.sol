// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// What is taken, and what it leaves behind.
contract TakenTest is EveryAct {
    /// The head is the hash chain over all acts, whatever their kind.
    function test_everyActExtendsTheHeadAndTheSequence() public everyAct {
        (bytes32 before, uint64 number) = (ceremony.head(), ceremony.sequence());
        _mustTake(_good());
        vm.assertEq(ceremony.head(), keccak256(abi.encode(before, digest)));
        vm.assertEq(ceremony.sequence(), number + 1);
    }

    function test_everyActInItsLastSecond() public everyAct {
        vm.warp(DEADLINE);
        _mustTake(_good());
    }

    /// Anybody may carry an act to the chain: who approved is in the approvals.
    function test_everyActBySeven() public everyAct {
        _mustTake(_with(0x7F, _approvals(digest, 0x7F)));
    }

    function test_genesis() public {
        _become(Kind.GENESIS);
        _mustTake(_good());
        vm.assertEq(ceremony.genesisRoot(), keccak256("genesis root"));
        vm.assertTrue(ceremony.anchored(keccak256("genesis root")));
        vm.assertFalse(ceremony.anchored(keccak256("later root")));
        vm.assertEq(ceremony.epoch(), 1);
        vm.assertFalse(ceremony.halted());
        vm.assertEq(ceremony.latestRelease(), 0);
    }

    function test_anchorsOfAllKinds() public {
        _become(Kind.ANCHOR);
        for (uint256 i = 0; i < 256; i += 51) {
            Ceremony.Anchor memory act = _anchor();
            act.kind = uint8(i);
            act.root = keccak256(abi.encode(i));
            _mustTake(_call(act, FIVE));
            vm.assertTrue(ceremony.anchored(act.root) == (i != 0));
        }
        vm.assertEq(ceremony.sequence(), 7);
        vm.assertEq(ceremony.genesisRoot(), keccak256("genesis root"));
        vm.assertEq(ceremony.latestRelease(), 0);
    }

    /// A void of a root that is anchored takes nothing back.
    function test_voidLeavesWhatIsAnchored() public {
        _become(Kind.ANCHOR);
        _mustTake(_good());
        Ceremony.Anchor memory act = _anchor();
        act.kind = ceremony.VOID();
        _mustTake(_call(act, FIVE));
        vm.assertTrue(ceremony.anchored(act.root));
    }

    function test_releases() public {
        _become(Kind.RELEASE);
        bytes32 predecessor = 0;
        for (uint256 i = 0; i < 3; i++) {
            Ceremony.Release memory act = _release();
            vm.assertEq(act.predecessor, predecessor);
            vm.assertFalse(ceremony.released(act.artifact));
            _mustTake(_call(act, FIVE));
            vm.assertEq(ceremony.latestRelease(), act.artifact);
            vm.assertTrue(ceremony.released(act.artifact));
            vm.assertTrue(predecessor == 0 || ceremony.released(predecessor));
            vm.assertFalse(ceremony.anchored(act.artifact));
            predecessor = act.artifact;
        }
        vm.assertFalse(ceremony.released(0));
    }

    function test_rotation() public {
        _become(Kind.ROTATE);
        bytes32 first = ceremony.rosterDigest();
        vm.assertEq(first, keccak256(abi.encodePacked(roster)));
        _mustTake(_good());
        _takeOffice(HEIRS_KEY);
        vm.assertEq(ceremony.epoch(), 2);
        vm.assertEq(ceremony.rosterDigest(), keccak256(abi.encodePacked(roster)));
        vm.assertEq(ceremony.firstRosterDigest(), first);
        vm.assertFalse(ceremony.halted());
        _mustTake(_call(_anchor(), FIVE));
        _mustTake(_call(_release(), FIVE));
        _mustTake(_call(_halt(), THREE));
        _mustTake(_call(_resume(), FIVE));
    }

    /// The roster in charge is read from the epoch, so a return to the first one needs no rule of its own.
    function test_rotationThereAndBack() public {
        _become(Kind.ROTATE);
        for (uint64 epoch = 2; epoch < 6; epoch++) {
            Ceremony.Rotate memory act = _rotate();
            uint256 next = epoch % 2 == 0 ? HEIRS_KEY : FIRST_KEY;
            act.roster = _addresses(_keysFrom(next));
            _mustTake(_call(act, FIVE));
            _takeOffice(next);
            vm.assertEq(ceremony.epoch(), epoch);
            vm.assertEq(ceremony.rosterDigest(), keccak256(abi.encodePacked(roster)));
        }
    }

    function test_haltAndResumption() public {
        _become(Kind.HALT);
        _mustTake(_with(THREE, _approvals(digest, THREE)));
        vm.assertTrue(ceremony.halted());
        vm.assertEq(ceremony.epoch(), 1);
        _mustTake(_call(_resume(), FIVE));
        vm.assertFalse(ceremony.halted());
        _mustTake(_call(_anchor(), FIVE));
        _mustTake(_call(_halt(), FIVE));
        vm.assertTrue(ceremony.halted());
    }

    /// A rotation is the way out when keys are stolen, so it works while halted; what it does not do is resume.
    function test_rotationWhileHalted() public {
        _become(Kind.RESUME);
        _mustTake(_call(_rotate(), FIVE));
        _takeOffice(HEIRS_KEY);
        vm.assertTrue(ceremony.halted());
        vm.assertEq(ceremony.epoch(), 2);
        _mustRefuse(_call(_anchor(), FIVE), Ceremony.IsHalted.selector);
        _mustTake(_call(_resume(), FIVE));
        _mustTake(_call(_anchor(), FIVE));
    }

    /// Slots as contracts/README.md gives them: the Python package reads proofs of them.
    function test_storageSlots() public {
        _become(Kind.RESUME);
        _mustTake(_call(_resume(), FIVE));
        _mustTake(_call(_release(), FIVE));
        bytes32 artifact = ceremony.latestRelease();
        _mustTake(_call(_rotate(), FIVE));
        _takeOffice(HEIRS_KEY);
        _mustTake(_call(_halt(), THREE));
        vm.assertEq(_slot(0), ceremony.head());
        vm.assertEq(uint256(_slot(1)), 6 | (uint256(2) << 64) | (uint256(1) << 128));
        vm.assertEq(_slot(2), ceremony.rosterDigest());
        vm.assertEq(_slot(3), keccak256("genesis root"));
        vm.assertEq(_slot(4), artifact);
        vm.assertEq(_slot(uint256(keccak256(abi.encode(keccak256("genesis root"), 5)))), bytes32(uint256(1)));
        vm.assertEq(_slot(uint256(keccak256(abi.encode(artifact, 6)))), bytes32(uint256(1)));
    }

    function _slot(uint256 slot) private view returns (bytes32) {
        return vm.load(address(ceremony), bytes32(slot));
    }
}
