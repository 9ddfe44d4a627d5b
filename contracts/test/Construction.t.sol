// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {SampleTest} from "./Sample.sol";

contract ConstructionTest is SampleTest {
    function make(string memory name, uint8 n, uint8 k, uint8 halting) external returns (Ceremony) {
        return new Ceremony(name, CEREMONY_ID, keccak256("roster"), n, k, halting);
    }

    function _mustNotMake(string memory name, uint8 n, uint8 k, uint8 halting, bytes4 rule) private {
        try this.make(name, n, k, halting) {
            vm.assertTrue(false);
        } catch (bytes memory why) {
            vm.assertEq(why, abi.encodePacked(rule));
        }
    }

    function test_readsBackItsTerms() public {
        vm.assertEq(ceremony.nameHash(), keccak256("ceremony"));
        vm.assertEq(ceremony.ceremonyId(), CEREMONY_ID);
        vm.assertEq(ceremony.rosterDigest(), keccak256(abi.encodePacked(roster)));
        vm.assertEq(ceremony.n(), 7);
        vm.assertEq(ceremony.k(), 5);
        vm.assertEq(ceremony.halting(), 3);
        vm.assertEq(this.make("ceremony rehearsal", 7, 5, 3).nameHash(), keccak256("ceremony rehearsal"));
    }

    function test_startsEmpty() public view {
        vm.assertEq(ceremony.epoch(), 1);
        vm.assertEq(ceremony.sequence(), 0);
        vm.assertEq(ceremony.head(), 0);
        vm.assertEq(ceremony.genesisRoot(), 0);
        vm.assertFalse(ceremony.anchored(0));
    }

    function test_rosterDigestIsOneWordPerAddress() public view {
        bytes memory words;
        for (uint256 i = 0; i < N; i++) {
            words = bytes.concat(words, abi.encode(roster[i]));
        }
        vm.assertEq(ceremony.rosterDigest(), keccak256(words));
    }

    function test_takesTheLimits() public {
        vm.assertEq(this.make("ceremony", 1, 1, 1).n(), 1);
        vm.assertEq(this.make("ceremony", 32, 32, 1).n(), 32);
        vm.assertEq(this.make("ceremony", 32, 1, 32).n(), 32);
    }

    function test_refusesBadNumbers() public {
        _mustNotMake("ceremony", 7, 0, 8, Ceremony.BadNumbers.selector);
        _mustNotMake("ceremony", 0, 0, 1, Ceremony.BadNumbers.selector);
        _mustNotMake("ceremony", 7, 8, 0, Ceremony.BadNumbers.selector);
        _mustNotMake("ceremony", 33, 20, 14, Ceremony.BadNumbers.selector);
        _mustNotMake("ceremony", 7, 5, 2, Ceremony.BadNumbers.selector);
        _mustNotMake("ceremony", 7, 5, 4, Ceremony.BadNumbers.selector);
        _mustNotMake("ceremony", 7, 5, 255, Ceremony.BadNumbers.selector);
    }

    function testFuzz_takesExactlyTheGoodNumbers(uint8 n, uint8 k, uint8 halting) public {
        bool good = k >= 1 && k <= n && n <= 32 && uint256(halting) == uint256(n) + 1 - k;
        try this.make("ceremony", n, k, halting) {
            vm.assertTrue(good);
        } catch (bytes memory why) {
            vm.assertFalse(good);
            vm.assertEq(why, abi.encodePacked(Ceremony.BadNumbers.selector));
        }
    }

    /// Most random triples are bad: here the third follows from the others.
    function testFuzz_takesConsistentNumbers(uint8 n, uint8 k) public {
        n = 1 + n % 32;
        k = 1 + k % n;
        vm.assertEq(this.make("ceremony", n, k, n + 1 - k).halting(), n + 1 - k);
    }

    function test_refusesOtherNames() public {
        _mustNotMake("", 7, 5, 3, Ceremony.UnknownName.selector);
        _mustNotMake("Ceremony", 7, 5, 3, Ceremony.UnknownName.selector);
        _mustNotMake("ceremony ", 7, 5, 3, Ceremony.UnknownName.selector);
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
        (bool paid,) = payable(address(ceremony)).call{value: 1}("");
        vm.assertFalse(paid);
        (bool paidGenesis,) = address(ceremony).call{value: 1}(_goodGenesisCall());
        vm.assertFalse(paidGenesis);
        _mustTake(_goodGenesisCall());
    }
}
