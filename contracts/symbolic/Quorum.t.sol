// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Symbolic} from "./Symbolic.sol";

/// Who must have approved.
contract Quorum is Symbolic {
    function setUp() public override {
        _deploy(3, 2);
    }

    function check_nothingBelowItsQuorum() external {
        _anyState();
        (uint256 kind, uint32 bitmap) = (_kind(), _bitmap());
        vm.assume(_count(bitmap) < _needed(kind));
        (bytes memory call,) = _call(kind, _moment(), bitmap, _words(_oneOf(n, 2 * n, "parts")));
        assert(!_send(call));
    }

    function check_partsAreCounted() external {
        _anyState();
        (uint256 kind, uint32 bitmap) = (_kind(), _bitmap());
        uint256 count = _oneOf(0, 2 * n + 1, "parts");
        vm.assume(count != n + _count(bitmap));
        (bytes memory call,) = _call(kind, _moment(), bitmap, _words(count));
        assert(!_send(call));
    }

    /// With fewer bits on the roster's places than are needed, other bits are of no help.
    function check_bitsBeyondTheRosterAreOfNoUse() external {
        _anyState();
        (uint256 kind, uint32 bitmap) = (_kind(), _bitmap());
        vm.assume(bitmap >> n != 0 && _count(bitmap) <= n);
        (bytes memory call,) = _call(kind, _moment(), bitmap, _parts(kind));
        assert(!_send(call));
    }

    /// The roster is named by the digest that stands in the state; whoever signed is on it, at his place.
    function check_onlyTheRosterSigns() external {
        _anyState();
        vm.assume(ceremony.epoch() > 1);
        address[] memory roster = _roster(n);
        vm.store(address(ceremony), bytes32(ROTATED_ROSTER_SLOT), keccak256(abi.encodePacked(roster)));
        Ceremony.Halt memory act = _halt(_moment());
        (uint32 bitmap, bytes32[] memory parts) = (_bitmap(), _parts(HALT));
        bytes32 digest = ceremony.digestHalt(act);
        if (!_send(abi.encodeCall(Ceremony.halt, (act, bitmap, parts)))) return;
        uint256 part = 0;
        for (uint256 i = 0; i < n; i++) {
            if ((bitmap >> i) & 1 == 0) {
                assert(parts[part] == bytes32(uint256(uint160(roster[i]))));
                part += 1;
            } else {
                uint256 s = uint256(parts[part + 1]);
                assert(ecrecover(digest, uint8(27 + (s >> 255)), parts[part], bytes32(s & (2 ** 255 - 1))) == roster[i]);
                part += 2;
            }
        }
    }

    function check_noHighS() external {
        _anyState();
        vm.assume(ceremony.sequence() > 0);
        (uint32 bitmap, bytes32[] memory parts) = (_bitmap(), _words(2 * n));
        uint256 s = uint256(parts[3]) & (2 ** 255 - 1);
        vm.assume(s > 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0);
        assert(!_send(abi.encodeCall(Ceremony.halt, (_halt(_moment()), bitmap, parts))));
    }

    function _count(uint32 bitmap) private pure returns (uint256 count) {
        for (uint256 i = 0; i < 32; i++) {
            count += (bitmap >> i) & 1;
        }
    }
}
