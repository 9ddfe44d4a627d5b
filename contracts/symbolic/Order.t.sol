// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Symbolic} from "./Symbolic.sol";

/// Which act is taken when. Every property is about one call of any act on a contract in any state.
contract Order is Symbolic {
    function check_genesisOnlyOnce() external {
        _anyState();
        vm.assume(ceremony.sequence() != 0);
        assert(!_try(GENESIS));
    }

    function check_nothingBeforeGenesis() external {
        _anyState();
        vm.assume(ceremony.sequence() == 0);
        assert(!_try(_oneOf(ANCHOR, RESUME, "kind")));
    }

    function check_haltedOnlyAfterGenesis() external {
        _anyState();
        _try(_kind());
        assert(!ceremony.halted() || ceremony.sequence() > 0);
    }

    function check_sequenceRisesByOne() external {
        _anyState();
        uint64 before = ceremony.sequence();
        bool taken = _try(_kind());
        if (taken) assert(before < type(uint64).max && ceremony.sequence() == before + 1);
        else assert(ceremony.sequence() == before);
    }

    function check_epochRisesOnlyByRotation() external {
        _anyState();
        uint256 kind = _kind();
        uint64 before = ceremony.epoch();
        bool taken = _try(kind);
        if (taken && kind == ROTATE) assert(before < type(uint64).max && ceremony.epoch() == before + 1);
        else assert(ceremony.epoch() == before);
    }

    function check_whileHaltedOnlyRotationAndResumption() external {
        _anyState();
        vm.assume(ceremony.halted());
        uint256 kind = _kind();
        vm.assume(kind != ROTATE && kind != RESUME);
        assert(!_try(kind));
    }

    function check_noResumptionUnlessHalted() external {
        _anyState();
        vm.assume(!ceremony.halted());
        assert(!_try(RESUME));
    }

    function check_haltedChangesOnlyByHaltAndResumption() external {
        _anyState();
        uint256 kind = _kind();
        bool before = ceremony.halted();
        bool taken = _try(kind);
        bool changed = taken && (kind == HALT || kind == RESUME);
        assert(ceremony.halted() == (changed ? kind == HALT : before));
    }

    function check_nothingAfterItsDeadline() external {
        _anyState();
        uint256 kind = _kind();
        bool taken = _try(kind, _late());
        assert(!taken);
    }

    function check_nothingForAnotherSequence() external {
        _anyState();
        (uint256 kind, Moment memory at) = (_kind(), _moment());
        vm.assume(at.seq != ceremony.sequence());
        assert(!_try(kind, at));
    }

    function check_nothingForAnotherEpoch() external {
        _anyState();
        (uint256 kind, Moment memory at) = (_kind(), _moment());
        vm.assume(at.epoch != ceremony.epoch());
        assert(!_try(kind, at));
    }

    function check_nothingForAnotherHead() external {
        _anyState();
        (uint256 kind, Moment memory at) = (_kind(), _moment());
        vm.assume(at.head != ceremony.head());
        assert(!_try(kind, at));
    }

    function _late() private view returns (Moment memory at) {
        at = _moment();
        vm.assume(block.timestamp > at.deadline);
    }
}
