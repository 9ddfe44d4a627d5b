// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Symbolic} from "./Symbolic.sol";

/// Two acts with one digest are one act. (Keccak-256 is taken to have no collisions.)
contract Digests is Symbolic {
    function check_digestOfAGenesis() external view {
        (Ceremony.Genesis memory one, Ceremony.Genesis memory other) = (_genesis(_moment()), _genesis(_moment()));
        vm.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        assert(ceremony.digestGenesis(one) != ceremony.digestGenesis(other));
    }

    function check_digestOfAnAnchor() external view {
        (Ceremony.Anchor memory one, Ceremony.Anchor memory other) = (_anchor(_moment()), _anchor(_moment()));
        vm.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        assert(ceremony.digestAnchor(one) != ceremony.digestAnchor(other));
    }

    function check_digestOfARelease() external view {
        (Ceremony.Release memory one, Ceremony.Release memory other) = (_release(_moment()), _release(_moment()));
        vm.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        assert(ceremony.digestRelease(one) != ceremony.digestRelease(other));
    }

    function check_digestOfARotation() external view {
        (Ceremony.Rotate memory one, Ceremony.Rotate memory other) = (_rotate(_moment(), n), _rotate(_moment(), n));
        vm.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        (bool first, bytes memory left) = _ask(one);
        (bool second, bytes memory right) = _ask(other);
        if (first && second) assert(abi.decode(left, (bytes32)) != abi.decode(right, (bytes32)));
    }

    function check_digestOfAHalt() external view {
        (Ceremony.Halt memory one, Ceremony.Halt memory other) = (_halt(_moment()), _halt(_moment()));
        vm.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        assert(ceremony.digestHalt(one) != ceremony.digestHalt(other));
    }

    function check_digestOfAResumption() external view {
        (Ceremony.Resume memory one, Ceremony.Resume memory other) = (_resume(_moment()), _resume(_moment()));
        vm.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        assert(ceremony.digestResume(one) != ceremony.digestResume(other));
    }

    function check_aHaltIsNoResumption() external view {
        assert(ceremony.digestHalt(_halt(_moment())) != ceremony.digestResume(_resume(_moment())));
    }

    function check_digestNamesTheChain() external {
        Ceremony.Halt memory act = _halt(_moment());
        (uint256 here, uint256 there) = (svm.createUint(64, "chain"), svm.createUint(64, "other chain"));
        vm.assume(here != there);
        vm.chainId(here);
        bytes32 digest = ceremony.digestHalt(act);
        vm.chainId(there);
        assert(digest != ceremony.digestHalt(act));
    }

    function _ask(Ceremony.Rotate memory act) private view returns (bool, bytes memory) {
        return address(ceremony).staticcall(abi.encodeCall(Ceremony.digestRotate, (act)));
    }
}
