// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// Fuzzed acts, approved by a fuzzed set over what they say, are taken if and only if the rules, written down here a second
/// time, say so.
contract FuzzRulesTest is EveryAct {
    /// Most fuzzed numbers break the same rule first. Each bit that is not set here corrects one of them.
    uint8 private wrong;

    function _is(uint256 bit) private view returns (bool) {
        return (wrong >> bit) & 1 == 1;
    }

    /// About half the sets are quorums; a few have a bit of nobody.
    function _someone(uint32 who) private pure returns (uint32) {
        return who % 16 == 0 ? who % 256 : who % 128;
    }

    function _enough(uint32 who, uint256 needed) private pure returns (bool) {
        uint256 present = 0;
        for (uint256 i = 0; i < 32; i++) {
            present += (who >> i) & 1;
        }
        return who < 128 && present >= needed;
    }

    function _current(uint64 epoch, uint64 seq, uint64 deadline, bytes32 head) private view returns (bool) {
        return epoch == ceremony.epoch() && seq == ceremony.sequence() && head == ceremony.head() && deadline >= NOW;
    }

    function _mustAgree(bytes memory call, bool good) private {
        if (good) _mustTake(call);
        else vm.assertEq(_refusal(call).length, 4);
    }

    function testFuzz_genesis(Ceremony.Genesis memory act, uint32 who, uint8 wrong_) public {
        (wrong, who) = (wrong_ & uint8(who >> 8), _someone(who));
        _become(Kind.GENESIS);
        if (!_is(0)) (act.epoch, act.deadline) = (1, DEADLINE);
        if (!_is(1)) (act.seq, act.head) = (0, 0);
        bool good = act.root != 0 && act.size != 0 && _current(act.epoch, act.seq, act.deadline, act.head);
        _mustAgree(_call(act, who), good && _enough(who, K));
    }

    function testFuzz_anchor(Ceremony.Anchor memory act, uint32 who, uint8 wrong_) public {
        (wrong, who) = (wrong_ & uint8(who >> 8), _someone(who));
        _become(_is(7) ? Kind.RESUME : Kind.ANCHOR);
        if (!_is(0)) act.epoch = 1;
        if (!_is(1)) act.seq = ceremony.sequence();
        if (!_is(2)) act.head = ceremony.head();
        if (!_is(3)) act.deadline = DEADLINE;
        bool good = act.root != 0 && act.size != 0 && act.transcriptSize != 0 && !_is(7);
        good = good && _current(act.epoch, act.seq, act.deadline, act.head) && _enough(who, K);
        _mustAgree(_call(act, who), good);
        vm.assertTrue(ceremony.anchored(act.root) == (good && act.kind != 0 || act.root == keccak256("genesis root")));
    }

    function testFuzz_release(Ceremony.Release memory act, uint32 who, uint8 wrong_) public {
        (wrong, who) = (wrong_ & uint8(who >> 8), _someone(who));
        _become(_is(7) ? Kind.RESUME : Kind.RELEASE);
        if (!_is(0)) act.epoch = 1;
        if (!_is(1)) act.seq = ceremony.sequence();
        if (!_is(2)) act.head = ceremony.head();
        if (!_is(3)) act.deadline = DEADLINE;
        if (!_is(4)) act.predecessor = 0;
        bool good = act.artifact != 0 && act.predecessor == 0 && act.transcriptSize != 0 && !_is(7);
        good = good && _current(act.epoch, act.seq, act.deadline, act.head) && _enough(who, K);
        _mustAgree(_call(act, who), good);
        vm.assertTrue(ceremony.released(act.artifact) == good);
        vm.assertEq(ceremony.latestRelease(), good ? act.artifact : bytes32(0));
    }

    function testFuzz_rotate(Ceremony.Rotate memory act, uint32 who, uint8 wrong_) public {
        (wrong, who) = (wrong_ & uint8(who >> 8), _someone(who));
        _become(_is(7) ? Kind.RESUME : Kind.ROTATE);
        if (!_is(0)) act.epoch = 1;
        if (!_is(1)) act.seq = ceremony.sequence();
        if (!_is(2)) act.head = ceremony.head();
        if (!_is(3)) act.deadline = DEADLINE;
        uint256 size = _is(4) ? act.roster.length : N;
        act.roster = new address[](size);
        for (uint256 i = 0; i < size; i++) {
            act.roster[i] = address(uint160(1000 * i + wrong + 1));
        }
        bool good = size == N && act.transcriptSize != 0;
        good = good && _current(act.epoch, act.seq, act.deadline, act.head) && _enough(who, K);
        _mustAgree(_call(act, who), good);
        vm.assertTrue((ceremony.rosterDigest() == keccak256(abi.encodePacked(act.roster))) == good);
    }

    function testFuzz_halt(Ceremony.Halt memory act, uint32 who, uint8 wrong_) public {
        (wrong, who) = (wrong_ & uint8(who >> 8), _someone(who));
        _become(_is(7) ? Kind.RESUME : Kind.HALT);
        if (!_is(0)) act.epoch = 1;
        if (!_is(1)) act.seq = ceremony.sequence();
        if (!_is(2)) act.head = ceremony.head();
        if (!_is(3)) act.deadline = DEADLINE;
        bool good = act.transcriptSize != 0 && !_is(7);
        good = good && _current(act.epoch, act.seq, act.deadline, act.head) && _enough(who, HALTING);
        _mustAgree(_call(act, who), good);
        vm.assertTrue(ceremony.halted() == (good || _is(7)));
    }

    function testFuzz_resume(Ceremony.Resume memory act, uint32 who, uint8 wrong_) public {
        (wrong, who) = (wrong_ & uint8(who >> 8), _someone(who));
        _become(_is(7) ? Kind.ANCHOR : Kind.RESUME);
        if (!_is(0)) act.epoch = 1;
        if (!_is(1)) act.seq = ceremony.sequence();
        if (!_is(2)) act.head = ceremony.head();
        if (!_is(3)) act.deadline = DEADLINE;
        bool good = act.transcriptSize != 0 && !_is(7);
        good = good && _current(act.epoch, act.seq, act.deadline, act.head) && _enough(who, K);
        _mustAgree(_call(act, who), good);
        vm.assertTrue(ceremony.halted() == !(good || _is(7)));
    }
}
