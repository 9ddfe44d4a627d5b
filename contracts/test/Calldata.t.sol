// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";

/// One act has one calldata. Each test writes a good call another way that a lenient decoder would take.
contract CalldataTest is SampleTest {
    uint256 private constant SELECTOR_BYTES = 4;
    uint256 private constant GENESIS_WORDS = 7;
    uint256 private constant ANCHOR_WORDS = 10;
    uint256 private constant APPROVAL_BYTES = 4 + 5 * 64 + 2 * 20; // 364, padded with 20 zeros

    function _word(bytes memory data, uint256 index) private pure returns (uint256 value) {
        uint256 at = 32 + SELECTOR_BYTES + 32 * index;
        assembly ("memory-safe") {
            value := mload(add(data, at))
        }
    }

    function _setWord(bytes memory data, uint256 index, uint256 value) private pure {
        uint256 at = 32 + SELECTOR_BYTES + 32 * index;
        assembly ("memory-safe") {
            mstore(add(data, at), value)
        }
    }

    function _refuseAllWaysOfWriting(bytes memory good, uint256 words) private {
        _refuseTrailing(good);
        _refuseDirtyPadding(good);
        _refuseOtherOffset(good, words);
        _refuseOtherLength(good, words);
        _mustTake(good);
    }

    function _refuseTrailing(bytes memory good) private {
        for (uint256 extra = 1; extra <= 33; extra++) {
            _mustRefuse(bytes.concat(good, new bytes(extra)), Ceremony.NotCanonical.selector);
        }
        _mustRefuse(bytes.concat(good, good), Ceremony.NotCanonical.selector);
    }

    function _refuseDirtyPadding(bytes memory good) private {
        for (uint256 i = 1; i <= 20; i++) {
            bytes memory call = bytes.concat(good);
            call[call.length - i] = 0x01;
            _mustRefuse(call, Ceremony.NotCanonical.selector);
        }
    }

    /// The approvals moved one word down, the gap filled with zeros.
    function _refuseOtherOffset(bytes memory good, uint256 words) private {
        uint256 cut = SELECTOR_BYTES + 32 * (words + 1);
        bytes memory front = new bytes(cut);
        bytes memory back = new bytes(good.length - cut);
        for (uint256 i = 0; i < good.length; i++) {
            if (i < cut) front[i] = good[i];
            else back[i - cut] = good[i];
        }
        bytes memory call = bytes.concat(front, bytes32(0), back);
        _setWord(call, words, _word(good, words) + 32);
        _mustRefuse(call, Ceremony.NotCanonical.selector);
    }

    /// The padding counted as approvals; more than that, and the decoder finds no such bytes.
    function _refuseOtherLength(bytes memory good, uint256 words) private {
        vm.assertEq(_word(good, words + 1), APPROVAL_BYTES);
        bytes memory call = bytes.concat(good);
        _setWord(call, words + 1, APPROVAL_BYTES + 1);
        _mustRefuse(call, Ceremony.BadLength.selector);
        _setWord(call, words + 1, APPROVAL_BYTES - 1);
        _mustRefuse(call, Ceremony.NotCanonical.selector);
        _setWord(call, words + 1, APPROVAL_BYTES + 32);
        _mustNotDecode(call);
    }

    function test_genesisHasOneCalldata() public {
        _refuseAllWaysOfWriting(_goodGenesisCall(), GENESIS_WORDS);
    }

    function test_anchorHasOneCalldata() public {
        _mustTake(_goodGenesisCall());
        _refuseAllWaysOfWriting(_goodAnchorCall(), ANCHOR_WORDS);
    }

    function test_shortCalldata() public {
        bytes memory good = _goodGenesisCall();
        for (uint256 missing = 1; missing < good.length; missing++) {
            bytes memory call = new bytes(good.length - missing);
            for (uint256 i = 0; i < call.length; i++) {
                call[i] = good[i];
            }
            bytes memory why = _refusal(call);
            vm.assertTrue(why.length == 0 || bytes4(why) == Ceremony.NotCanonical.selector);
        }
    }

    function test_dirtyHighBitsOfANumber() public {
        uint256[4] memory numbers = [uint256(1), 3, 4, 5]; // size, epoch, seq, deadline
        for (uint256 i = 0; i < numbers.length; i++) {
            bytes memory call = _goodGenesisCall();
            _setWord(call, numbers[i], _word(call, numbers[i]) | (1 << 64));
            _mustNotDecode(call);
        }
    }
}
