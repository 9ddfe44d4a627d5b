// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// One act has one calldata. Each test writes a good call another way that a lenient decoder would take.
contract BypassCalldataTest is EveryAct {
    uint256 private constant PARTS = 5 * 2 + 2;

    function _mustNotBeCanonical(bytes memory call) private {
        _mustRefuse(call, Ceremony.NotCanonical.selector);
    }

    function test_bypass_trailingBytes() public everyAct {
        bytes memory good = _good();
        for (uint256 extra = 1; extra <= 33; extra++) {
            _mustNotBeCanonical(bytes.concat(good, new bytes(extra)));
        }
        _mustTake(good);
    }

    function test_bypass_callWrittenTwice() public everyAct {
        _mustNotBeCanonical(bytes.concat(_good(), _good()));
    }

    /// The parts moved one word down, the gap filled with zeros.
    function test_bypass_gapBeforeTheParts() public everyAct {
        bytes memory good = _good();
        uint256 offsetWord = _bitmapWord() + 1;
        bytes memory moved = _inserted(good, _wordsBeforeParts(), 0);
        _mustNotBeCanonical(_spoilt(moved, offsetWord, _word(good, offsetWord) + 32));
    }

    /// The parts where they belong, and another offset that leads to other ones behind them.
    function test_bypass_secondPartsBehindTheFirst() public everyAct {
        bytes memory good = _good();
        bytes memory longer = bytes.concat(good, abi.encode(PARTS), abi.encodePacked(_approvals(digest, FIVE)));
        _mustNotBeCanonical(_spoilt(longer, _bitmapWord() + 1, good.length - 4));
    }

    /// Offsets that lead into the act, to a word that reads as a number of parts.
    function test_bypass_offsetIntoTheAct() public everyAct {
        bytes memory good = _good();
        uint256 offsetWord = _bitmapWord() + 1;
        for (uint256 at = 0; at < _wordsBeforeParts(); at++) {
            bytes memory why = _refusal(_spoilt(good, offsetWord, at * 32));
            vm.assertTrue(why.length == 0 || bytes4(why) == Ceremony.NotCanonical.selector);
        }
    }

    function test_bypass_hugeOffset() public everyAct {
        bytes memory good = _good();
        uint256 offsetWord = _bitmapWord() + 1;
        for (uint256 bit = 16; bit < 256; bit += 16) {
            _mustNotDecode(_spoilt(good, offsetWord, _word(good, offsetWord) | (1 << bit)));
        }
    }

    /// One fewer: the last part is then trailing. One more: there are no such parts.
    function test_bypass_otherNumberOfParts() public everyAct {
        bytes memory good = _good();
        uint256 numberWord = _wordsBeforeParts();
        vm.assertEq(_word(good, numberWord), PARTS);
        _mustNotBeCanonical(_spoilt(good, numberWord, PARTS - 1));
        _mustNotBeCanonical(_spoilt(good, numberWord, 0));
        _mustNotDecode(_spoilt(good, numberWord, PARTS + 1));
        _mustNotDecode(_spoilt(good, numberWord, PARTS | (1 << 64)));
        _mustNotDecode(_spoilt(good, numberWord, PARTS | (1 << 251)));
    }

    function test_bypass_everyShorterCall() public everyAct {
        bytes memory good = _good();
        for (uint256 length = 0; length < good.length; length += length % 2 == 0 ? 1 : 6) {
            _mustNotDecode(_cut(good, length));
        }
    }

    // --- numbers with bits above their type

    /// Upper bits of each number of the act; words that are no numbers have none to spare.
    function test_bypass_dirtyNumbers() public everyAct {
        bytes memory good = _good();
        uint256 members = _members();
        for (uint256 i = 0; i < members; i++) {
            bool number = i == members - 2 || i == members - 3 || i == members - 4;
            if (kind == Kind.GENESIS && i == 1) number = true;
            if (kind != Kind.GENESIS && i == members - 5) number = true;
            if (kind == Kind.ANCHOR && i == 2) number = true;
            if (!number) continue;
            uint256 at = _firstMember() + i;
            _mustNotDecode(_spoilt(good, at, _word(good, at) | (1 << 64)));
            _mustNotDecode(_spoilt(good, at, _word(good, at) | (1 << 255)));
        }
    }

    function test_bypass_dirtyKind() public {
        _become(Kind.ANCHOR);
        for (uint256 bit = 8; bit < 256; bit++) {
            bytes memory call = _call(_anchor(), FIVE);
            // approved with its dirty word, as the digest is taken over calldata
            call = _spoilt(call, 0, 2 | (1 << bit));
            vm.assertTrue(_refusal(call).length <= 4);
        }
    }

    /// A dirty number cannot be approved either: five sign exactly the dirty words.
    function test_bypass_dirtyKindThatFiveApprove() public {
        _become(Kind.ANCHOR);
        bytes memory question = abi.encodeCall(Ceremony.digestAnchor, (_anchor()));
        for (uint256 bit = 8; bit < 256; bit += 31) {
            uint256 dirty = 2 | (1 << bit);
            (bool done, bytes memory answer) = address(ceremony).staticcall(_spoilt(question, 0, dirty));
            vm.assertTrue(done);
            bytes32[] memory parts = _approvals(abi.decode(answer, (bytes32)), FIVE);
            _mustNotDecode(_spoilt(_with(FIVE, parts), 0, dirty));
        }
    }

    function test_bypass_dirtyBitmap() public everyAct {
        bytes memory good = _good();
        for (uint256 bit = 32; bit < 256; bit += 7) {
            _mustNotDecode(_spoilt(good, _bitmapWord(), FIVE | (1 << bit)));
        }
    }

    // --- the rotation, whose act has a tail of its own

    function test_bypass_dirtyRosterMember() public {
        _become(Kind.ROTATE);
        bytes memory good = _good();
        for (uint256 i = 0; i < N; i++) {
            uint256 at = 3 + 7 + 1 + i;
            vm.assertEq(_word(good, at), uint256(uint160(_rotate().roster[i])));
            _mustNotDecode(_spoilt(good, at, _word(good, at) | (1 << 160)));
            _mustNotDecode(_spoilt(good, at, _word(good, at) | (1 << 255)));
        }
    }

    function test_bypass_gapBeforeTheRotation() public {
        _become(Kind.ROTATE);
        bytes memory good = _good();
        bytes memory moved = _inserted(good, 3, 0);
        moved = _spoilt(moved, 0, _word(good, 0) + 32);
        _mustNotBeCanonical(_spoilt(moved, 2, _word(good, 2) + 32));
    }

    function test_bypass_gapBeforeTheRoster() public {
        _become(Kind.ROTATE);
        bytes memory good = _good();
        bytes memory moved = _inserted(good, 10, 0);
        moved = _spoilt(moved, 3, _word(good, 3) + 32);
        _mustNotBeCanonical(_spoilt(moved, 2, _word(good, 2) + 32));
    }

    /// The parts first, then the act: a decoder follows offsets and does not mind.
    function test_bypass_partsBeforeTheRotation() public {
        _become(Kind.ROTATE);
        bytes32[] memory parts = _approvals(digest, FIVE);
        bytes memory act = abi.encode(_rotate());
        bytes memory tail = new bytes(act.length - 32);
        for (uint256 i = 0; i < tail.length; i++) {
            tail[i] = act[32 + i];
        }
        bytes memory front = abi.encode(96 + 32 * (1 + PARTS), FIVE, 96, PARTS);
        _mustNotBeCanonical(bytes.concat(abi.encodePacked(Ceremony.rotate.selector, front, parts), tail));
    }

    function test_bypass_rosterOfAnotherNumberInTheSameWords() public {
        _become(Kind.ROTATE);
        bytes memory good = _good();
        _mustNotBeCanonical(_spoilt(good, 10, N - 1));
        _mustNotDecode(_spoilt(good, 10, 1 << 64));
    }

    // --- funds

    function test_bypass_goodCallWithFunds() public everyAct {
        bytes memory good = _good();
        (bool paid,) = address(ceremony).call{value: 1}(good);
        vm.assertFalse(paid);
        vm.assertEq(address(ceremony).balance, 0);
        _mustTake(good);
    }

    function test_bypass_unknownSelectors() public everyAct {
        bytes memory good = _good();
        for (uint256 i = 0; i < 32; i++) {
            bytes memory call = bytes.concat(good);
            call[i / 8] = bytes1(uint8(call[i / 8]) ^ uint8(1 << (i % 8)));
            _mustNotDecode(call);
        }
    }
}
