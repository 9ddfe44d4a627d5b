// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";

/// For tests of a rule that all six acts share: the test's body runs once for each act, on a contract that would take it.
abstract contract EveryAct is SampleTest {
    enum Kind {
        GENESIS,
        ANCHOR,
        RELEASE,
        ROTATE,
        HALT,
        RESUME
    }

    uint256 private constant SELECTOR_BYTES = 4;
    uint256 private constant ROTATE_HEAD_WORDS = 3; // the offset of the act, the bitmap, the offset of the parts

    Kind internal kind;
    bytes32 internal digest; // of the good act of this kind

    modifier everyAct() {
        for (uint8 i = 0; i < 6; i++) {
            _become(Kind(i));
            _;
        }
    }

    modifier everyActButAHalt() {
        for (uint8 i = 0; i < 6; i++) {
            if (Kind(i) == Kind.HALT) continue;
            _become(Kind(i));
            _;
        }
    }

    function _become(Kind kind_) internal {
        kind = kind_;
        _prepare();
        if (kind != Kind.GENESIS) _mustTake(_call(_genesis(), FIVE));
        if (kind == Kind.RESUME) _mustTake(_call(_halt(), THREE));
        digest = _digestOf(kind);
    }

    function _digestOf(Kind kind_) internal view returns (bytes32) {
        if (kind_ == Kind.GENESIS) return ceremony.digestGenesis(_genesis());
        if (kind_ == Kind.ANCHOR) return ceremony.digestAnchor(_anchor());
        if (kind_ == Kind.RELEASE) return ceremony.digestRelease(_release());
        if (kind_ == Kind.ROTATE) return ceremony.digestRotate(_rotate());
        if (kind_ == Kind.HALT) return ceremony.digestHalt(_halt());
        return ceremony.digestResume(_resume());
    }

    /// The good act of this kind, with whatever approvals.
    function _with(uint32 bitmap, bytes32[] memory parts) internal view returns (bytes memory) {
        if (kind == Kind.GENESIS) return abi.encodeCall(Ceremony.genesis, (_genesis(), bitmap, parts));
        if (kind == Kind.ANCHOR) return abi.encodeCall(Ceremony.anchor, (_anchor(), bitmap, parts));
        if (kind == Kind.RELEASE) return abi.encodeCall(Ceremony.release, (_release(), bitmap, parts));
        if (kind == Kind.ROTATE) return abi.encodeCall(Ceremony.rotate, (_rotate(), bitmap, parts));
        if (kind == Kind.HALT) return abi.encodeCall(Ceremony.halt, (_halt(), bitmap, parts));
        return abi.encodeCall(Ceremony.resume, (_resume(), bitmap, parts));
    }

    function _good() internal view returns (bytes memory) {
        return _with(FIVE, _approvals(digest, FIVE));
    }

    function _offer(uint32 bitmap, bytes32[] memory parts, bytes4 rule) internal {
        _mustRefuse(_with(bitmap, parts), rule);
    }

    /// Offers FIVE with these items.
    function _offer(bytes[] memory items, bytes4 rule) internal {
        _offer(FIVE, _parts(items), rule);
    }

    /// Offers words that do not stand where they belong: which of the three rules about signatures such words break first
    /// depends on chance.
    function _offerGarbage(uint32 bitmap, bytes32[] memory parts) internal {
        bytes memory why = _refusal(_with(bitmap, parts));
        vm.assertEq(why.length, 4);
        bytes4 rule = bytes4(why);
        bool unsigned = rule == Ceremony.HighS.selector || rule == Ceremony.BadSignature.selector;
        vm.assertTrue(unsigned || rule == Ceremony.RosterMismatch.selector);
    }

    // --- calldata as words

    /// How many words precede the parts' number: the act, the bitmap, the parts' offset. A rotation's roster stands there.
    function _wordsBeforeParts() internal view returns (uint256) {
        if (kind == Kind.ANCHOR) return 12;
        if (kind == Kind.RELEASE) return 11;
        return kind == Kind.ROTATE ? ROTATE_HEAD_WORDS + 7 + 1 + N : 9;
    }

    /// The word at which the act's members stand.
    function _firstMember() internal view returns (uint256) {
        return kind == Kind.ROTATE ? ROTATE_HEAD_WORDS : 0;
    }

    function _members() internal view returns (uint256) {
        if (kind == Kind.ANCHOR) return 10;
        return kind == Kind.RELEASE ? 9 : 7;
    }

    /// The word at which the bitmap stands; the parts' offset is the next.
    function _bitmapWord() internal view returns (uint256) {
        return kind == Kind.ROTATE ? 1 : _members();
    }

    function _word(bytes memory data, uint256 index) internal pure returns (uint256 value) {
        uint256 at = 32 + SELECTOR_BYTES + 32 * index;
        assembly ("memory-safe") {
            value := mload(add(data, at))
        }
    }

    /// A copy of the call with one word changed.
    function _spoilt(bytes memory data, uint256 index, uint256 value) internal pure returns (bytes memory copy) {
        copy = bytes.concat(data);
        uint256 at = 32 + SELECTOR_BYTES + 32 * index;
        assembly ("memory-safe") {
            mstore(add(copy, at), value)
        }
    }

    /// The call's first bytes.
    function _cut(bytes memory data, uint256 length) internal pure returns (bytes memory front) {
        front = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            front[i] = data[i];
        }
    }

    /// A copy of the call with a word put in before the index-th.
    function _inserted(bytes memory data, uint256 index, bytes32 value) internal pure returns (bytes memory) {
        uint256 at = SELECTOR_BYTES + 32 * index;
        bytes memory back = new bytes(data.length - at);
        for (uint256 i = 0; i < back.length; i++) {
            back[i] = data[at + i];
        }
        return bytes.concat(_cut(data, at), value, back);
    }
}
