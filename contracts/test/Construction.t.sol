// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";

contract ConstructionTest is SampleTest {
    function make(string memory name, address[] memory members, uint8 k, uint8 halting) external returns (Ceremony) {
        return new Ceremony(name, CEREMONY_ID, members, k, halting);
    }

    function _mustNotMake(string memory name, address[] memory members, uint8 k, uint8 halting, bytes4 rule) private {
        try this.make(name, members, k, halting) {
            vm.assertTrue(false);
        } catch (bytes memory why) {
            vm.assertEq(why, abi.encodePacked(rule));
        }
    }

    function _mustNotMake(uint256 size, uint8 k, uint8 halting) private {
        _mustNotMake("ceremony", _ascending(size), k, halting, Ceremony.BadNumbers.selector);
    }

    /// Addresses 1, 2, 3 and so on.
    function _ascending(uint256 size) private pure returns (address[] memory members) {
        members = new address[](size);
        for (uint256 i = 0; i < size; i++) {
            members[i] = address(uint160(i + 1));
        }
    }

    function test_readsBackItsTerms() public {
        vm.assertEq(ceremony.nameHash(), keccak256("ceremony"));
        vm.assertEq(ceremony.ceremonyId(), CEREMONY_ID);
        vm.assertEq(ceremony.rosterDigest(), keccak256(abi.encodePacked(roster)));
        vm.assertEq(ceremony.firstRosterDigest(), ceremony.rosterDigest());
        vm.assertEq(ceremony.n(), 7);
        vm.assertEq(ceremony.k(), 5);
        vm.assertEq(ceremony.halting(), 3);
        vm.assertEq(ceremony.VOID(), 0);
        vm.assertEq(this.make("ceremony rehearsal", roster, 5, 3).nameHash(), keccak256("ceremony rehearsal"));
    }

    function test_startsEmpty() public view {
        vm.assertEq(ceremony.epoch(), 1);
        vm.assertEq(ceremony.sequence(), 0);
        vm.assertEq(ceremony.head(), 0);
        vm.assertEq(ceremony.genesisRoot(), 0);
        vm.assertEq(ceremony.latestRelease(), 0);
        vm.assertFalse(ceremony.halted());
        vm.assertFalse(ceremony.anchored(0));
        vm.assertFalse(ceremony.released(0));
    }

    function test_rosterDigestIsOneWordPerAddress() public view {
        bytes memory words;
        for (uint256 i = 0; i < N; i++) {
            words = bytes.concat(words, abi.encode(roster[i]));
        }
        vm.assertEq(ceremony.rosterDigest(), keccak256(words));
    }

    function test_takesTheLimits() public {
        vm.assertEq(this.make("ceremony", _ascending(1), 1, 1).n(), 1);
        vm.assertEq(this.make("ceremony", _ascending(32), 32, 1).n(), 32);
        vm.assertEq(this.make("ceremony", _ascending(32), 1, 32).n(), 32);
    }

    function test_refusesBadNumbers() public {
        _mustNotMake(7, 0, 8);
        _mustNotMake(0, 0, 1);
        _mustNotMake(0, 1, 0);
        _mustNotMake(7, 8, 0);
        _mustNotMake(33, 20, 14);
        _mustNotMake(33, 33, 1);
        _mustNotMake(7, 5, 2);
        _mustNotMake(7, 5, 4);
        _mustNotMake(7, 5, 255);
        _mustNotMake(263, 5, 3); // 263 is 7 in one byte
    }

    function testFuzz_takesExactlyTheGoodNumbers(uint8 size, uint8 k, uint8 halting, bool consistent) public {
        size %= 40;
        if (consistent) (k, halting) = (k % 40, uint8((uint256(size) + 257 - k % 40) % 256));
        bool good = k >= 1 && k <= size && size <= 32 && uint256(halting) == uint256(size) + 1 - k;
        try this.make("ceremony", _ascending(size), k, halting) returns (Ceremony made) {
            vm.assertTrue(good);
            vm.assertEq(made.n(), size);
            vm.assertEq(made.k(), k);
            vm.assertEq(made.halting(), halting);
        } catch (bytes memory why) {
            vm.assertFalse(good);
            vm.assertEq(why, abi.encodePacked(Ceremony.BadNumbers.selector));
        }
    }

    function test_refusesOtherNames() public {
        _mustNotMake("", roster, 5, 3, Ceremony.UnknownName.selector);
        _mustNotMake("Ceremony", roster, 5, 3, Ceremony.UnknownName.selector);
        _mustNotMake("ceremony ", roster, 5, 3, Ceremony.UnknownName.selector);
        _mustNotMake("ceremony  rehearsal", roster, 5, 3, Ceremony.UnknownName.selector);
    }

    function test_refusesARosterThatNamesSomebodyTwice() public {
        for (uint256 i = 1; i < N; i++) {
            address[] memory members = roster;
            members[i] = members[i - 1];
            _mustNotMake("ceremony", members, 5, 3, Ceremony.NotAscending.selector);
        }
    }

    function test_refusesARosterOutOfOrder() public {
        for (uint256 i = 1; i < N; i++) {
            address[] memory members = _addresses(keys);
            (members[i], members[i - 1]) = (members[i - 1], members[i]);
            _mustNotMake("ceremony", members, 5, 3, Ceremony.NotAscending.selector);
        }
    }

    function test_refusesARosterWithNobody() public {
        address[] memory members = _addresses(keys);
        members[0] = address(0);
        _mustNotMake("ceremony", members, 5, 3, Ceremony.NotAscending.selector);
        _mustNotMake("ceremony", new address[](1), 1, 1, Ceremony.NotAscending.selector);
    }

    /// What forge tests here is, byte for byte, what the Python package deploys.
    function test_theArtifactIsThisCode() public view {
        string memory artifact = vm.readFile("../ceremony/anchor/artifacts/ceremony-1.json");
        vm.assertEq(vm.parseJsonBytes(artifact, ".creationCode"), type(Ceremony).creationCode);
    }

    /// Nothing but the named functions: no fallback, no way to send funds.
    function test_refusesFundsAndUnknownCalls() public {
        _mustNotDecode("");
        _mustNotDecode(hex"12345678");
        bytes memory good = _call(_genesis(), FIVE);
        (bool paid,) = payable(address(ceremony)).call{value: 1}("");
        vm.assertFalse(paid);
        (bool paidGenesis,) = address(ceremony).call{value: 1}(good);
        vm.assertFalse(paidGenesis);
        _mustTake(good);
    }
}
