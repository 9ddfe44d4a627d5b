// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// Ways to be fewer than a quorum: how many approve, by count and by bitmap.
contract BypassQuorumTest is EveryAct {
    /// All 128 subsets for all six acts: exactly those of five or more (for a halt, three or more) are taken.
    function test_everySubsetOfEveryAct() public everyAct {
        uint256 needed = kind == Kind.HALT ? HALTING : K;
        uint256 taken = 0;
        for (uint32 bitmap = 0; bitmap < 128; bitmap++) {
            uint256 present = 0;
            for (uint256 i = 0; i < N; i++) {
                present += (bitmap >> i) & 1;
            }
            bytes memory call = _with(bitmap, _approvals(digest, bitmap));
            if (present < needed) {
                _mustRefuse(call, Ceremony.TooFewApprovals.selector);
                continue;
            }
            uint256 before = vm.snapshotState();
            _mustTake(call);
            vm.revertToState(before);
            taken++;
        }
        vm.assertEq(taken, kind == Kind.HALT ? 99 : 29);
    }

    function test_bypass_nobody() public everyAct {
        _offer(0, _approvals(digest, 0), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_nothingAtAll() public everyAct {
        _offer(0, new bytes32[](0), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_one() public everyAct {
        _offer(0x40, _approvals(digest, 0x40), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_twoEvenForAHalt() public everyAct {
        _offer(TWO, _approvals(digest, TWO), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_threeForMoreThanAHalt() public everyActButAHalt {
        _offer(THREE, _approvals(digest, THREE), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_fourForMoreThanAHalt() public everyActButAHalt {
        _offer(FOUR, _approvals(digest, FOUR), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_fourThatClaimToBeFive() public everyAct {
        _offer(FIVE, _approvals(digest, FOUR), Ceremony.BadLength.selector);
    }

    function test_bypass_twoThatClaimToHalt() public {
        _become(Kind.HALT);
        _offer(THREE, _approvals(digest, TWO), Ceremony.BadLength.selector);
    }

    /// Two words where the signature should be: the fifth's address, and nothing.
    function test_bypass_fifthAsAnAddressInsteadOfASignature() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[6] = abi.encode(roster[6], 0);
        _offer(items, Ceremony.BadSignature.selector);
    }

    function test_bypass_fiveUnderABitmapOfFour() public everyActButAHalt {
        _offer(FOUR, _approvals(digest, FIVE), Ceremony.TooFewApprovals.selector);
    }

    function test_bypass_sixUnderABitmapOfFive() public everyAct {
        _offer(FIVE, _approvals(digest, 0x5F), Ceremony.BadLength.selector);
    }

    /// As many parts as five need, but a bitmap that names other five.
    function test_bypass_fiveUnderTheBitmapOfOthers() public everyAct {
        _offerGarbage(0x1F, _approvals(digest, FIVE));
    }

    function test_bypass_bitmapReadFromTheOtherEnd() public everyAct {
        _offerGarbage(0x2F, _approvals(digest, 0x7A));
    }

    function test_bypass_eachBitOfNobody() public everyAct {
        for (uint256 bit = N; bit < 32; bit++) {
            uint32 bitmap = FOUR | uint32(1 << bit);
            _offer(bitmap, _approvals(digest, FIVE), Ceremony.UnknownRosterBit.selector);
        }
    }

    /// The eighth is a custodian of nothing, whose approval stands behind the seventh's.
    function test_bypass_fourAndAnEighth() public everyAct {
        bytes32[] memory parts = _parts(_joined(_items(digest, FOUR), _signature(0xF0E, digest)));
        _offer(FOUR | 0x80, parts, Ceremony.UnknownRosterBit.selector);
    }

    function _joined(bytes[] memory items, bytes memory one) private pure returns (bytes[] memory all) {
        all = new bytes[](items.length + 1);
        for (uint256 i = 0; i < items.length; i++) {
            all[i] = items[i];
        }
        all[items.length] = one;
    }

    function test_bypass_allBits() public everyAct {
        _offer(type(uint32).max, _approvals(digest, 0x7F), Ceremony.UnknownRosterBit.selector);
    }

    /// A roster of 32 uses every bit, so the bitmap has no spare one, and shifts by 32 must not wrap.
    function test_bypass_thirtyTwoOfNobody() public {
        address[] memory many = new address[](32);
        for (uint256 i = 0; i < 32; i++) {
            many[i] = address(uint160(i + 1));
        }
        kind = Kind.GENESIS;
        ceremony = new Ceremony("ceremony", CEREMONY_ID, many, 32, 1);
        _offer(type(uint32).max, new bytes32[](64), Ceremony.BadSignature.selector);
        _offer(type(uint32).max >> 1, new bytes32[](63), Ceremony.TooFewApprovals.selector);
    }

    /// One of one: the smallest roster needs its one signature.
    function test_bypass_oneOfOne() public {
        keys = [uint256(5)];
        roster = [vm.addr(5)];
        kind = Kind.GENESIS;
        ceremony = new Ceremony("ceremony", CEREMONY_ID, roster, 1, 1);
        bytes32[] memory parts = new bytes32[](1);
        parts[0] = bytes32(uint256(uint160(roster[0])));
        _offer(0, parts, Ceremony.TooFewApprovals.selector);
        _offer(1, parts, Ceremony.BadLength.selector);
        bytes[] memory items = new bytes[](1);
        items[0] = _signature(5, ceremony.digestGenesis(_genesis()));
        _mustTake(_with(1, _parts(items)));
    }

    function test_bypass_partsTooFewByEachNumber() public everyAct {
        bytes32[] memory parts = _approvals(digest, FIVE);
        for (uint256 length = 0; length < parts.length; length++) {
            bytes32[] memory fewer = new bytes32[](length);
            for (uint256 i = 0; i < length; i++) {
                fewer[i] = parts[i];
            }
            _offer(FIVE, fewer, Ceremony.BadLength.selector);
        }
    }

    function test_bypass_partsTooMany() public everyAct {
        bytes32[] memory parts = _approvals(digest, FIVE);
        for (uint256 length = parts.length + 1; length < 20; length++) {
            bytes32[] memory more = new bytes32[](length);
            for (uint256 i = 0; i < parts.length; i++) {
                more[i] = parts[i];
            }
            _offer(FIVE, more, Ceremony.BadLength.selector);
        }
    }
}
