// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Custodians} from "./Custodians.sol";
import {Sample} from "./Sample.sol";

contract InvariantsTest is Sample {
    Custodians private custodians;
    uint64 private lastEpoch;
    uint64 private lastSequence;

    function setUp() public {
        custodians = new Custodians();
        ceremony = custodians.contractUnderTest();
    }

    /// Read by forge: only the custodians are called.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(custodians);
    }

    /// One campaign checks all of them after every call. That nothing is taken below a quorum, the custodians check
    /// themselves, at each call.
    function invariant_contractAgreesWithTheCustodians() public {
        _headIsTheHashChainOfAllTakenActs();
        _numbersOnlyGrow();
        _oneGenesis();
        _haltedAsLastSaid();
        _rosterIsTheOneLastRotatedTo();
        _everyTakenRootStaysAnchored();
        _releasesAreAChain();
    }

    function _headIsTheHashChainOfAllTakenActs() private view {
        vm.assertEq(ceremony.head(), custodians.expectedHead());
        vm.assertEq(ceremony.sequence(), custodians.expectedSequence());
        vm.assertTrue((ceremony.head() == 0) == (ceremony.sequence() == 0));
    }

    function _numbersOnlyGrow() private {
        (uint64 epoch, uint64 sequence) = (ceremony.epoch(), ceremony.sequence());
        vm.assertTrue(epoch >= lastEpoch && sequence >= lastSequence && epoch <= sequence + 1);
        (lastEpoch, lastSequence) = (epoch, sequence);
        vm.assertEq(epoch, custodians.expectedEpoch());
    }

    function _oneGenesis() private view {
        vm.assertEq(ceremony.genesisRoot(), custodians.firstRoot());
        vm.assertEq(custodians.geneses(), ceremony.sequence() == 0 ? 0 : 1);
    }

    function _haltedAsLastSaid() private view {
        vm.assertTrue(ceremony.halted() == custodians.expectedHalted());
    }

    function _rosterIsTheOneLastRotatedTo() private view {
        vm.assertEq(ceremony.rosterDigest(), custodians.expectedRoster());
        vm.assertTrue((ceremony.rosterDigest() == ceremony.firstRosterDigest()) == (ceremony.epoch() == 1));
    }

    function _everyTakenRootStaysAnchored() private view {
        for (uint256 i = 0; i < custodians.rootCount(); i++) {
            vm.assertTrue(ceremony.anchored(custodians.roots(i)));
        }
        for (uint256 i = 0; i < custodians.voidedCount(); i++) {
            bytes32 root = custodians.voided(i);
            vm.assertTrue(ceremony.anchored(root) == custodians.noted(root));
        }
    }

    function _releasesAreAChain() private view {
        vm.assertEq(ceremony.latestRelease(), custodians.expectedRelease());
        vm.assertFalse(ceremony.released(0));
        for (uint256 i = 0; i < custodians.artifactCount(); i++) {
            vm.assertTrue(ceremony.released(custodians.artifacts(i)));
        }
    }
}
