// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// Any change to a good call makes it a refused call.
contract FuzzTest is EveryAct {
    modifier someAct(uint8 which) {
        _become(Kind(which % 6));
        _;
    }

    function testFuzz_anyCalldata(uint8 which, bytes memory call) public someAct(which) {
        _noAct(call);
    }

    /// Behind the selector of an act, anything.
    function testFuzz_anyWordsOfAnAct(uint8 which, bytes memory words) public someAct(which) {
        _refusal(bytes.concat(_cut(_good(), 4), words));
    }

    function testFuzz_anyByteOfACall(uint8 which, uint256 at, uint8 flip) public someAct(which) {
        bytes memory call = _good();
        at %= call.length;
        call[at] ^= bytes1(flip == 0 ? 1 : flip);
        _refusal(call);
    }

    function testFuzz_anyWordOfACall(uint8 which, uint256 at, uint256 value) public someAct(which) {
        bytes memory call = _good();
        at %= (call.length - 4) / 32;
        if (_word(call, at) == value) return;
        _refusal(_spoilt(call, at, value));
    }

    function testFuzz_anyParts(uint8 which, uint32 bitmap, bytes32[] memory parts) public someAct(which) {
        vm.assertEq(_refusal(_with(bitmap, parts)).length, 4);
    }

    /// As many parts as the bitmap asks for, so that they are looked at one by one.
    function testFuzz_anyPartsOfTheRightNumber(uint8 which, bytes32[14] memory words) public someAct(which) {
        bytes32[] memory parts = new bytes32[](14);
        for (uint256 i = 0; i < 14; i++) {
            // mostly low: else nearly every s is high, and nothing behind that rule is reached
            parts[i] = words[i] & ~bytes32(uint256(1) << 254);
        }
        _offerGarbage(0x7F, parts);
    }

    function testFuzz_oneItemOfAnother(
        uint8 which,
        uint8 place,
        uint256 key,
        bytes32 other,
        bool foreign
    ) public someAct(which) {
        bytes[] memory items = _items(digest, FIVE);
        place %= N;
        key = 1000 + key % type(uint128).max;
        bool signs = (FIVE >> place) & 1 == 1;
        if (!signs) items[place] = abi.encode(vm.addr(key));
        else if (foreign) items[place] = _signature(key, digest);
        else items[place] = _signature(keys[place], other);
        if (signs && !foreign && other == digest) return;
        _offer(items, Ceremony.RosterMismatch.selector);
    }

    function testFuzz_approvalsOfAnything(uint8 which, bytes32 other, uint8 who) public someAct(which) {
        if (other == digest) return;
        uint32 bitmap = FIVE | (who % 128);
        _offer(bitmap, _approvals(other, bitmap), Ceremony.RosterMismatch.selector);
    }
}
