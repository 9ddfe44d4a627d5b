// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";

/// Any change to a good call makes it a refused call.
contract FuzzTest is SampleTest {
    function testFuzz_anyByteOfTheApprovals(uint256 at, uint8 flip) public {
        bytes memory approvals = _approvals(ceremony.digestGenesis(_genesis()), FIVE);
        at %= approvals.length;
        approvals[at] ^= bytes1(flip == 0 ? 1 : flip);
        vm.assertEq(_refusal(_genesisCall(_genesis(), approvals)).length, 4);
    }

    function testFuzz_anyByteOfTheGenesisCall(uint256 at, uint8 flip) public {
        _refuseChanged(_goodGenesisCall(), at, flip);
    }

    function testFuzz_anyByteOfAnAnchorCall(uint256 at, uint8 flip) public {
        _mustTake(_goodGenesisCall());
        _refuseChanged(_goodAnchorCall(), at, flip);
    }

    function _refuseChanged(bytes memory call, uint256 at, uint8 flip) private {
        at %= call.length;
        call[at] ^= bytes1(flip == 0 ? 1 : flip);
        _refusal(call);
    }

    function testFuzz_anyOtherGenesis(Ceremony.Genesis memory act, bool current) public {
        bytes memory approvals = _approvals(ceremony.digestGenesis(_genesis()), FIVE);
        if (current) (act.epoch, act.seq, act.head, act.deadline) = (1, 0, 0, type(uint64).max);
        if (keccak256(abi.encode(act)) == keccak256(abi.encode(_genesis()))) return;
        vm.assertEq(_refusal(_genesisCall(act, approvals)).length, 4);
    }

    function testFuzz_anyOtherAnchor(Ceremony.Anchor memory act, bool current) public {
        _mustTake(_goodGenesisCall());
        bytes memory approvals = _approvals(ceremony.digestAnchor(_anchor()), FIVE);
        if (current) (act.epoch, act.seq, act.head, act.deadline) = (1, 1, ceremony.head(), type(uint64).max);
        if (keccak256(abi.encode(act)) == keccak256(abi.encode(_anchor()))) return;
        vm.assertEq(_refusal(_anchorCall(act, approvals)).length, 4);
    }

    function testFuzz_anyWordsAsApprovals(bytes memory approvals) public {
        vm.assertEq(_refusal(_genesisCall(_genesis(), approvals)).length, 4);
    }

    function testFuzz_anyCalldata(bytes memory call) public {
        _refusal(call);
    }

    /// The quorum is a matter of numbers alone: what is in the act does not matter to it.
    function testFuzz_anyActOfFive(bytes32 root, uint64 size, bytes32 planDigest, uint64 deadline, uint8 who) public {
        Ceremony.Genesis memory act = _genesis();
        act.root = root == 0 ? bytes32(uint256(1)) : root;
        act.size = size == 0 ? 1 : size;
        act.planDigest = planDigest;
        act.deadline = deadline < NOW ? uint64(NOW) : deadline;
        uint32 bitmap = who % 128;
        uint256 present = 0;
        for (uint256 i = 0; i < N; i++) {
            present += (bitmap >> i) & 1;
        }
        bytes memory call = _genesisCall(act, _approvals(ceremony.digestGenesis(act), bitmap));
        if (present >= K) _mustTake(call);
        else _mustRefuse(call, Ceremony.TooFewApprovals.selector);
    }
}
