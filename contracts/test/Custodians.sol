// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Sample} from "./Sample.sol";

/// Custodians who try good and bad acts of all kinds in any order, and keep their own account of what was taken: from this
/// account, not from the contract, they say beforehand what must be taken.
contract Custodians is Sample {
    bytes32 public expectedHead;
    uint64 public expectedSequence;
    uint64 public expectedEpoch = 1;
    bool public expectedHalted;
    bytes32 public expectedRoster;
    bytes32 public expectedRelease;
    bytes32 public firstRoot;
    uint256 public geneses;
    bytes32[] public roots;
    bytes32[] public voided;
    bytes32[] public artifacts;
    uint256 public time = NOW;
    mapping(bytes32 root => bool) public noted;

    bytes[] private takenCalls;
    uint256 private firstKey = FIRST_KEY;

    constructor() {
        _prepare();
        expectedRoster = keccak256(abi.encodePacked(roster));
    }

    function contractUnderTest() external view returns (Ceremony) {
        return ceremony;
    }

    function rootCount() external view returns (uint256) {
        return roots.length;
    }

    function voidedCount() external view returns (uint256) {
        return voided.length;
    }

    function artifactCount() external view returns (uint256) {
        return artifacts.length;
    }

    /// Half of all tries are by a full quorum, so that the histories get long; the others by any of the 128 sets.
    function _someone(uint32 who) private pure returns (uint32) {
        return who % 2 == 0 ? FIVE : (who >> 1) % 128;
    }

    function _enough(uint32 who, uint256 needed) private pure returns (bool) {
        uint256 present = 0;
        for (uint256 i = 0; i < N; i++) {
            present += (who >> i) & 1;
        }
        return present >= needed;
    }

    /// Sends the call, which must be taken if and only if it may pass, and then writes the act down.
    function _send(bytes memory call, bool mayPass, bytes32 digest) private returns (bool taken) {
        (taken,) = address(ceremony).call(call);
        vm.assertTrue(taken == mayPass);
        if (!taken) return false;
        expectedHead = keccak256(abi.encode(expectedHead, digest));
        expectedSequence++;
        takenCalls.push(call);
    }

    function _running() private view returns (bool) {
        return expectedSequence > 0 && !expectedHalted;
    }

    /// Deadlines are an hour after the start, or, for what is tried in time, an hour from now.
    function _deadline(bool late) private view returns (uint64) {
        return late ? DEADLINE : uint64(time + 3600);
    }

    function tryGenesis(bytes32 root, uint32 who, bool late) external {
        who = _someone(who);
        Ceremony.Genesis memory act = _genesis();
        (act.root, act.deadline) = (root, _deadline(late));
        bytes32 digest = ceremony.digestGenesis(act);
        bool mayPass = expectedSequence == 0 && root != 0 && _enough(who, K) && act.deadline >= time;
        if (!_send(_call(act, who), mayPass, digest)) return;
        firstRoot = root;
        geneses++;
        roots.push(root);
        noted[root] = true;
    }

    function tryAnchor(bytes32 root, uint8 kind, uint32 who, uint64 ahead, bool late) external {
        who = _someone(who);
        Ceremony.Anchor memory act = _anchor();
        (act.root, act.kind, act.deadline) = (root, kind % 4, _deadline(late));
        act.seq += ahead % 3;
        bytes32 digest = ceremony.digestAnchor(act);
        bool mayPass = _running() && ahead % 3 == 0 && root != 0 && _enough(who, K) && act.deadline >= time;
        if (!_send(_call(act, who), mayPass, digest)) return;
        if (act.kind == 0) {
            voided.push(root);
            return;
        }
        roots.push(root);
        noted[root] = true;
    }

    function tryRelease(bytes32 artifact, uint256 which, uint32 who) external {
        who = _someone(who);
        Ceremony.Release memory act = _release();
        (act.artifact, act.deadline) = (artifact, _deadline(false));
        if (artifacts.length > 0) act.predecessor = artifacts[artifacts.length - 1 - which % artifacts.length];
        bytes32 digest = ceremony.digestRelease(act);
        bool mayPass = _running() && artifact != 0 && act.predecessor == expectedRelease && _enough(who, K);
        if (!_send(_call(act, who), mayPass, digest)) return;
        expectedRelease = artifact;
        artifacts.push(artifact);
    }

    function tryRotate(uint32 who, bool late) external {
        who = _someone(who);
        Ceremony.Rotate memory act = _rotate();
        uint256 nextKey = firstKey + 100;
        (act.roster, act.deadline) = (_addresses(_keysFrom(nextKey)), _deadline(late));
        bytes32 digest = ceremony.digestRotate(act);
        bool mayPass = expectedSequence > 0 && _enough(who, K) && act.deadline >= time;
        if (!_send(_call(act, who), mayPass, digest)) return;
        firstKey = nextKey;
        _takeOffice(nextKey);
        expectedEpoch++;
        expectedRoster = keccak256(abi.encodePacked(act.roster));
    }

    /// The roster before the present one tries a halt and a rotation, with all its seven.
    function tryOldRoster(bool rotates) external {
        if (firstKey == FIRST_KEY) return;
        (Ceremony.Rotate memory rotation, Ceremony.Halt memory halting) = (_rotate(), _halt());
        (rotation.deadline, halting.deadline) = (_deadline(false), _deadline(false));
        _takeOffice(firstKey - 100);
        bytes memory call = rotates ? _call(rotation, 0x7F) : _call(halting, 0x7F);
        _takeOffice(firstKey);
        _send(call, false, 0);
    }

    function tryHalt(uint32 who) external {
        who = _someone(who);
        Ceremony.Halt memory act = _halt();
        act.deadline = _deadline(false);
        bytes32 digest = ceremony.digestHalt(act);
        if (_send(_call(act, who), _running() && _enough(who, HALTING), digest)) expectedHalted = true;
    }

    function tryResume(uint32 who, bool late) external {
        who = _someone(who);
        Ceremony.Resume memory act = _resume();
        act.deadline = _deadline(late);
        bytes32 digest = ceremony.digestResume(act);
        bool mayPass = expectedHalted && _enough(who, K) && act.deadline >= time;
        if (_send(_call(act, who), mayPass, digest)) expectedHalted = false;
    }

    function tryReplay(uint256 which) external {
        if (takenCalls.length == 0) return;
        _send(takenCalls[which % takenCalls.length], false, 0);
    }

    function tryNoise(bytes memory call) external {
        _noAct(call);
    }

    function passTime(uint256 seconds_) external {
        time += seconds_ % 900;
        vm.warp(time);
    }
}
