// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// Ways to use good approvals at another time: too early, too late, twice, halted, or of a roster that has gone.
contract BypassHistoryTest is EveryAct {
    function test_bypass_beforeTheGenesis() public {
        bytes4 rule = Ceremony.NotYetGenesis.selector;
        _mustRefuse(_call(_anchor(), FIVE), rule);
        _mustRefuse(_call(_release(), FIVE), rule);
        _mustRefuse(_call(_rotate(), FIVE), rule);
        _mustRefuse(_call(_halt(), FIVE), rule);
        _mustRefuse(_call(_resume(), FIVE), Ceremony.NotHalted.selector);
    }

    function test_bypass_secondGenesis() public {
        _become(Kind.ANCHOR);
        Ceremony.Genesis memory act = _genesis();
        act.root = keccak256("another genesis");
        _mustRefuse(_call(act, 0x7F), Ceremony.GenesisTwice.selector);
    }

    function test_bypass_genesisByTheHeirs() public {
        _become(Kind.ROTATE);
        _mustTake(_good());
        _takeOffice(HEIRS_KEY);
        _mustRefuse(_call(_genesis(), FIVE), Ceremony.GenesisTwice.selector);
    }

    function test_bypass_replay() public everyAct {
        bytes memory good = _good();
        _mustTake(good);
        bytes4 rule = Ceremony.WrongSequence.selector;
        if (kind == Kind.GENESIS) rule = Ceremony.GenesisTwice.selector;
        if (kind == Kind.RELEASE) rule = Ceremony.WrongPredecessor.selector;
        if (kind == Kind.ROTATE) rule = Ceremony.WrongEpoch.selector;
        if (kind == Kind.HALT) rule = Ceremony.IsHalted.selector;
        if (kind == Kind.RESUME) rule = Ceremony.NotHalted.selector;
        _mustRefuse(good, rule);
    }

    /// The same act approved by others is still the same act.
    function test_bypass_replayWithOtherApprovals() public {
        _become(Kind.ANCHOR);
        bytes memory byOthers = _with(0x7A, _approvals(digest, 0x7A));
        _mustTake(_good());
        _mustRefuse(byOthers, Ceremony.WrongSequence.selector);
    }

    function test_bypass_oneSecondLate() public everyAct {
        bytes memory good = _good();
        vm.warp(uint256(DEADLINE) + 1);
        _mustRefuse(good, Ceremony.DeadlinePassed.selector);
    }

    /// Approved for one place in the history, offered in the next.
    function test_bypass_approvalsOfAnEarlierPlace() public {
        _become(Kind.ANCHOR);
        (bytes32 anchorDigest, bytes32 haltDigest) = (digest, ceremony.digestHalt(_halt()));
        Ceremony.Anchor memory first = _anchor();
        first.root = keccak256("comes first");
        _mustTake(_call(first, FIVE));
        _offer(FIVE, _approvals(anchorDigest, FIVE), Ceremony.RosterMismatch.selector);
        kind = Kind.HALT;
        _offer(FIVE, _approvals(haltDigest, FIVE), Ceremony.RosterMismatch.selector);
    }

    /// Two acts approved for one place: the second can follow neither as it is nor with the head of the first.
    function test_bypass_secondActInOnePlace() public {
        _become(Kind.ANCHOR);
        Ceremony.Anchor memory other = _anchor();
        other.root = keccak256("the other");
        bytes32[] memory parts = _approvals(ceremony.digestAnchor(other), FIVE);
        _mustTake(_good());
        _mustRefuse(abi.encodeCall(Ceremony.anchor, (other, FIVE, parts)), Ceremony.WrongSequence.selector);
        other.seq = ceremony.sequence();
        _mustRefuse(abi.encodeCall(Ceremony.anchor, (other, FIVE, parts)), Ceremony.WrongHead.selector);
        other.head = ceremony.head();
        _mustRefuse(abi.encodeCall(Ceremony.anchor, (other, FIVE, parts)), Ceremony.RosterMismatch.selector);
    }

    /// An act that was aborted is voided: its place is spent, though all its approvals exist.
    function test_bypass_abortedActAfterItsVoid() public {
        _become(Kind.ANCHOR);
        bytes memory aborted = _good();
        Ceremony.Anchor memory void_ = _anchor();
        (void_.kind, void_.root) = (ceremony.VOID(), digest);
        _mustTake(_call(void_, FIVE));
        vm.assertEq(ceremony.sequence(), 2);
        vm.assertFalse(ceremony.anchored(digest));
        _mustRefuse(aborted, Ceremony.WrongSequence.selector);
        vm.assertFalse(ceremony.anchored(keccak256("later root")));
    }

    // --- halted

    function test_bypass_actsWhileHalted() public {
        _become(Kind.RESUME);
        _mustRefuse(_call(_anchor(), 0x7F), Ceremony.IsHalted.selector);
        _mustRefuse(_call(_release(), 0x7F), Ceremony.IsHalted.selector);
        _mustRefuse(_call(_genesis(), 0x7F), Ceremony.GenesisTwice.selector);
    }

    function test_bypass_voidWhileHalted() public {
        _become(Kind.RESUME);
        Ceremony.Anchor memory act = _anchor();
        act.kind = 0;
        _mustRefuse(_call(act, FIVE), Ceremony.IsHalted.selector);
    }

    function test_bypass_haltWhenHalted() public {
        _become(Kind.RESUME);
        _mustRefuse(_call(_halt(), THREE), Ceremony.IsHalted.selector);
        _mustRefuse(_call(_halt(), 0x7F), Ceremony.IsHalted.selector);
    }

    /// Three who have halted see five rotate, and try to take the rotation's place with another halt.
    function test_bypass_haltAgainBeforeARotation() public {
        _become(Kind.RESUME);
        bytes memory rotation = _call(_rotate(), FIVE);
        _mustRefuse(_call(_halt(), THREE), Ceremony.IsHalted.selector);
        _mustTake(rotation);
        _mustRefuse(_call(_halt(), THREE), Ceremony.IsHalted.selector);
    }

    function test_bypass_haltAgainBeforeAResumption() public {
        _become(Kind.RESUME);
        bytes memory resumption = _good();
        _mustRefuse(_call(_halt(), THREE), Ceremony.IsHalted.selector);
        _mustTake(resumption);
    }

    function test_bypass_resumeWhenNotHalted() public {
        _become(Kind.ANCHOR);
        _mustRefuse(_call(_resume(), 0x7F), Ceremony.NotHalted.selector);
    }

    function test_bypass_resumeTwice() public {
        _become(Kind.RESUME);
        _mustTake(_good());
        _mustRefuse(_call(_resume(), FIVE), Ceremony.NotHalted.selector);
    }

    function test_bypass_resumeWithFour() public {
        _become(Kind.RESUME);
        _mustRefuse(_call(_resume(), FOUR), Ceremony.TooFewApprovals.selector);
        _mustRefuse(_call(_resume(), THREE), Ceremony.TooFewApprovals.selector);
    }

    /// An approval of a resumption, of the time before the halt that it should end.
    function test_bypass_resumptionSignedBeforeTheHalt() public {
        _become(Kind.ANCHOR);
        bytes memory early = _call(_resume(), FIVE);
        _mustTake(_call(_halt(), THREE));
        _mustRefuse(early, Ceremony.WrongSequence.selector);
    }

    // --- a roster that has gone

    function test_bypass_oldRosterAfterTheRotation() public {
        _become(Kind.ROTATE);
        _mustTake(_good());
        _mustRefuse(_call(_anchor(), 0x7F), Ceremony.RosterMismatch.selector);
        _mustRefuse(_call(_release(), 0x7F), Ceremony.RosterMismatch.selector);
        _mustRefuse(_call(_rotate(), 0x7F), Ceremony.RosterMismatch.selector);
        _mustRefuse(_call(_halt(), 0x7F), Ceremony.RosterMismatch.selector);
    }

    /// Five thieves of the old keys cannot even end the halt that the rotation left standing.
    function test_bypass_oldRosterResumesAfterTheRotation() public {
        _become(Kind.RESUME);
        _mustTake(_call(_rotate(), FIVE));
        _mustRefuse(_call(_resume(), 0x7F), Ceremony.RosterMismatch.selector);
    }

    /// Approvals of the next place, given by the old roster, die with its epoch.
    function test_bypass_approvalsOfTheOldEpoch() public {
        _become(Kind.ROTATE);
        Ceremony.Anchor memory act = _anchor();
        bytes memory rotation = _good();
        act.seq++;
        act.head = keccak256(abi.encode(ceremony.head(), digest)); // foreseeable
        bytes memory early = _call(act, 0x7F);
        _mustTake(rotation);
        vm.assertEq(ceremony.head(), act.head);
        _mustRefuse(early, Ceremony.WrongEpoch.selector);
        bytes32[] memory parts = _approvals(ceremony.digestAnchor(act), 0x7F);
        act.epoch = 2;
        _mustRefuse(abi.encodeCall(Ceremony.anchor, (act, 0x7F, parts)), Ceremony.RosterMismatch.selector);
    }

    /// Even when the same seven stay, what they signed before the rotation is dead.
    function test_bypass_approvalsOfTheOldEpochOfTheSameRoster() public {
        _become(Kind.ROTATE);
        Ceremony.Rotate memory same = _rotate();
        same.roster = roster;
        Ceremony.Halt memory act = _halt();
        act.seq++;
        act.head = keccak256(abi.encode(ceremony.head(), ceremony.digestRotate(same)));
        bytes memory early = _call(act, THREE);
        _mustTake(_call(same, FIVE));
        _mustRefuse(early, Ceremony.WrongEpoch.selector);
        _mustTake(_call(_halt(), THREE));
    }

    /// The first epoch's roster digest is in the code: no later epoch may fall back to it.
    function test_bypass_firstRosterInTheThirdEpoch() public {
        _become(Kind.ROTATE);
        _mustTake(_good());
        _takeOffice(HEIRS_KEY);
        Ceremony.Rotate memory act = _rotate();
        act.roster = _addresses(_keysFrom(HEIRS_KEY + 100));
        _mustTake(_call(act, FIVE));
        _mustRefuse(_call(_anchor(), FIVE), Ceremony.RosterMismatch.selector);
        _takeOffice(FIRST_KEY);
        _mustRefuse(_call(_anchor(), FIVE), Ceremony.RosterMismatch.selector);
    }
}
