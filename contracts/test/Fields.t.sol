// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// What an act must say to be taken. Each test spoils one field of an act, and five approve the spoilt one. Fields that
/// no rule speaks of (plan, metadata, manifest, reason, transcript root) are free: then the act is taken.
contract FieldsTest is EveryAct {
    function _refuse(Ceremony.Genesis memory act, bytes4 rule) private {
        _mustRefuse(_call(act, FIVE), rule);
    }

    function _refuse(Ceremony.Anchor memory act, bytes4 rule) private {
        _mustRefuse(_call(act, FIVE), rule);
    }

    function _refuse(Ceremony.Release memory act, bytes4 rule) private {
        _mustRefuse(_call(act, FIVE), rule);
    }

    function _refuse(Ceremony.Rotate memory act, bytes4 rule) private {
        _mustRefuse(_call(act, FIVE), rule);
    }

    function test_genesis() public {
        _become(Kind.GENESIS);
        Ceremony.Genesis memory act = _genesis();
        (act.root) = (0);
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.root, act.size) = (_genesis().root, 0);
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.size, act.epoch) = (1, 0);
        _refuse(act, Ceremony.WrongEpoch.selector);
        act.epoch = 2;
        _refuse(act, Ceremony.WrongEpoch.selector);
        (act.epoch, act.seq) = (1, 1);
        _refuse(act, Ceremony.WrongSequence.selector);
        (act.seq, act.head) = (0, bytes32(uint256(1)));
        _refuse(act, Ceremony.WrongHead.selector);
        (act.head, act.deadline) = (0, uint64(NOW - 1));
        _refuse(act, Ceremony.DeadlinePassed.selector);
        (act.deadline, act.planDigest) = (type(uint64).max, 0);
        _mustTake(_call(act, FIVE));
    }

    function test_anchor() public {
        _become(Kind.ANCHOR);
        Ceremony.Anchor memory act = _anchor();
        act.root = 0;
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.root, act.size) = (_anchor().root, 0);
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.size, act.transcriptSize) = (1, 0);
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.transcriptSize, act.epoch) = (1, 2);
        _refuse(act, Ceremony.WrongEpoch.selector);
        act.epoch = 0;
        _refuse(act, Ceremony.WrongEpoch.selector);
        (act.epoch, act.seq) = (1, 0);
        _refuse(act, Ceremony.WrongSequence.selector);
        act.seq = 2;
        _refuse(act, Ceremony.WrongSequence.selector);
        (act.seq, act.head) = (1, 0);
        _refuse(act, Ceremony.WrongHead.selector);
        (act.head, act.deadline) = (ceremony.head(), uint64(NOW - 1));
        _refuse(act, Ceremony.DeadlinePassed.selector);
        (act.deadline, act.metadata, act.transcriptRoot, act.kind) = (DEADLINE, 0, 0, 255);
        _mustTake(_call(act, FIVE));
    }

    /// A void has a root too: the digest of the act that shall not follow.
    function test_voidOfNothing() public {
        _become(Kind.ANCHOR);
        Ceremony.Anchor memory act = _anchor();
        (act.kind, act.root) = (0, 0);
        _refuse(act, Ceremony.EmptyRoot.selector);
    }

    function test_release() public {
        _become(Kind.RELEASE);
        Ceremony.Release memory act = _release();
        act.artifact = 0;
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.artifact, act.transcriptSize) = (_release().artifact, 0);
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.transcriptSize, act.predecessor) = (1, keccak256("never released"));
        _refuse(act, Ceremony.WrongPredecessor.selector);
        (act.predecessor, act.epoch) = (0, 2);
        _refuse(act, Ceremony.WrongEpoch.selector);
        (act.epoch, act.seq) = (1, 2);
        _refuse(act, Ceremony.WrongSequence.selector);
        (act.seq, act.head) = (1, 0);
        _refuse(act, Ceremony.WrongHead.selector);
        (act.head, act.deadline) = (ceremony.head(), uint64(NOW - 1));
        _refuse(act, Ceremony.DeadlinePassed.selector);
        (act.deadline, act.manifest, act.transcriptRoot) = (DEADLINE, 0, 0);
        _mustTake(_call(act, FIVE));
    }

    /// Releases form a chain: neither a second first one nor a fork off an older artifact.
    function test_releaseOffAnOlderArtifact() public {
        _become(Kind.RELEASE);
        bytes32 first = _release().artifact;
        _mustTake(_call(_release(), FIVE));
        _mustTake(_call(_release(), FIVE));
        Ceremony.Release memory act = _release();
        act.predecessor = first;
        _refuse(act, Ceremony.WrongPredecessor.selector);
        act.predecessor = 0;
        _refuse(act, Ceremony.WrongPredecessor.selector);
    }

    function test_rotate() public {
        _become(Kind.ROTATE);
        Ceremony.Rotate memory act = _rotate();
        act.transcriptSize = 0;
        _refuse(act, Ceremony.EmptyRoot.selector);
        (act.transcriptSize, act.epoch) = (1, 2);
        _refuse(act, Ceremony.WrongEpoch.selector);
        (act.epoch, act.seq) = (1, 2);
        _refuse(act, Ceremony.WrongSequence.selector);
        (act.seq, act.head) = (1, 0);
        _refuse(act, Ceremony.WrongHead.selector);
        (act.head, act.deadline) = (ceremony.head(), uint64(NOW - 1));
        _refuse(act, Ceremony.DeadlinePassed.selector);
        (act.deadline, act.transcriptRoot) = (DEADLINE, 0);
        _mustTake(_call(act, FIVE));
    }

    function test_rotationToAnotherNumber() public {
        _become(Kind.ROTATE);
        for (uint256 size = 0; size < 33; size++) {
            if (size == N) continue;
            Ceremony.Rotate memory act = _rotate();
            act.roster = new address[](size);
            for (uint256 i = 0; i < size; i++) {
                act.roster[i] = address(uint160(i + 1));
            }
            _refuse(act, Ceremony.WrongRosterSize.selector);
        }
    }

    /// Such a roster has no digest to sign, so the approvals are of the good act.
    function test_rotationToABadRoster() public {
        _become(Kind.ROTATE);
        for (uint256 i = 0; i < N; i++) {
            Ceremony.Rotate memory act = _rotate();
            act.roster[i] = i == 0 ? address(0) : act.roster[i - 1];
            bytes memory call = abi.encodeCall(Ceremony.rotate, (act, FIVE, _approvals(digest, FIVE)));
            _mustRefuse(call, Ceremony.NotAscending.selector);
        }
    }

    function test_halt() public {
        _become(Kind.HALT);
        Ceremony.Halt memory act = _halt();
        act.transcriptSize = 0;
        _mustRefuse(_call(act, THREE), Ceremony.EmptyRoot.selector);
        (act.transcriptSize, act.epoch) = (1, 2);
        _mustRefuse(_call(act, THREE), Ceremony.WrongEpoch.selector);
        (act.epoch, act.seq) = (1, 2);
        _mustRefuse(_call(act, THREE), Ceremony.WrongSequence.selector);
        (act.seq, act.head) = (1, 0);
        _mustRefuse(_call(act, THREE), Ceremony.WrongHead.selector);
        (act.head, act.deadline) = (ceremony.head(), uint64(NOW - 1));
        _mustRefuse(_call(act, THREE), Ceremony.DeadlinePassed.selector);
        (act.deadline, act.reason, act.transcriptRoot) = (DEADLINE, 0, 0);
        _mustTake(_call(act, THREE));
    }

    function test_resume() public {
        _become(Kind.RESUME);
        Ceremony.Resume memory act = _resume();
        act.transcriptSize = 0;
        _mustRefuse(_call(act, FIVE), Ceremony.EmptyRoot.selector);
        (act.transcriptSize, act.epoch) = (1, 2);
        _mustRefuse(_call(act, FIVE), Ceremony.WrongEpoch.selector);
        (act.epoch, act.seq) = (1, 3);
        _mustRefuse(_call(act, FIVE), Ceremony.WrongSequence.selector);
        (act.seq, act.head) = (2, 0);
        _mustRefuse(_call(act, FIVE), Ceremony.WrongHead.selector);
        (act.head, act.deadline) = (ceremony.head(), uint64(NOW - 1));
        _mustRefuse(_call(act, FIVE), Ceremony.DeadlinePassed.selector);
        (act.deadline, act.reason, act.transcriptRoot) = (DEADLINE, 0, 0);
        _mustTake(_call(act, FIVE));
    }

    /// Five approve the good act, and one field is changed on the way. Where no rule about the field refuses it first,
    /// the approvals do.
    function test_approvedWithAnotherField() public everyAct {
        bytes memory good = _good();
        uint256 members = _members();
        for (uint256 i = kind == Kind.ROTATE ? 1 : 0; i < members; i++) {
            uint256 at = _firstMember() + i;
            bytes4 rule = Ceremony.RosterMismatch.selector;
            if (kind == Kind.RELEASE && i == 2) rule = Ceremony.WrongPredecessor.selector;
            if (i == members - 4) rule = Ceremony.WrongEpoch.selector;
            if (i == members - 3) rule = Ceremony.WrongSequence.selector;
            if (i == members - 1) rule = Ceremony.WrongHead.selector;
            _mustRefuse(_spoilt(good, at, _word(good, at) ^ 1), rule);
        }
        _mustTake(good);
    }

    function test_approvedWithAnotherRosterMember() public {
        _become(Kind.ROTATE);
        bytes memory good = _good();
        for (uint256 i = 0; i < N; i++) {
            uint256 at = _firstMember() + _members() + 1 + i;
            _mustRefuse(_spoilt(good, at, _word(good, at) ^ 1), Ceremony.RosterMismatch.selector);
        }
    }
}
