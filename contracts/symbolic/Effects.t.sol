// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {Symbolic} from "./Symbolic.sol";

/// What an act that is taken does, and what it leaves alone.
contract Effects is Symbolic {
    function check_termsStay() external {
        _anyState();
        _try(_kind());
        assert(ceremony.n() == n && ceremony.k() == k && ceremony.halting() == n - k + 1);
    }

    function check_anchoredForEver() external {
        _anyState();
        bytes32 root = svm.createBytes32("watched root");
        vm.assume(ceremony.anchored(root));
        _try(_kind());
        assert(ceremony.anchored(root));
    }

    function check_releasedForEver() external {
        _anyState();
        bytes32 artifact = svm.createBytes32("watched artifact");
        vm.assume(ceremony.released(artifact));
        _try(_kind());
        assert(ceremony.released(artifact));
    }

    function check_aVoidMarksNothing() external {
        _anyState();
        Ceremony.Anchor memory act = _anchor(_moment());
        act.kind = 0;
        bool before = ceremony.anchored(act.root);
        _send(abi.encodeCall(Ceremony.anchor, (act, _bitmap(), _parts(ANCHOR))));
        assert(ceremony.anchored(act.root) == before);
    }

    function check_releasesFollowEachOther() external {
        _anyState();
        Ceremony.Release memory act = _release(_moment());
        bytes32 before = ceremony.latestRelease();
        bool taken = _send(abi.encodeCall(Ceremony.release, (act, _bitmap(), _parts(RELEASE))));
        assert(!taken || (act.predecessor == before && ceremony.latestRelease() == act.artifact));
    }

    function check_rotationTakesOnlyARoster() external {
        _anyState();
        Ceremony.Rotate memory act = _rotate(_moment(), _oneOf(n - 1, n + 1, "custodians"));
        bool taken = _send(abi.encodeCall(Ceremony.rotate, (act, _bitmap(), _parts(ROTATE))));
        if (!taken) return;
        assert(act.roster.length == n);
        assert(act.roster[0] != address(0) && act.roster[0] < act.roster[1]);
        assert(ceremony.epoch() == 1 || ceremony.rosterDigest() == keccak256(abi.encodePacked(act.roster)));
    }

    function check_noEther() external {
        _anyState();
        vm.deal(address(this), 1 ether);
        (bytes memory call,) = _call(_kind(), _moment(), _bitmap(), _parts(HALT));
        (bool taken,) = address(ceremony).call{value: 1}(call);
        assert(!taken);
    }

    function check_noOtherSelector() external {
        bytes4 selector = bytes4(svm.createBytes32("selector"));
        vm.assume(!_isKnown(selector));
        (bool taken,) = address(ceremony).call(bytes.concat(selector, svm.createBytes(64, "arguments")));
        assert(!taken);
    }

    function _isKnown(bytes4 selector) private pure returns (bool) {
        bytes4[24] memory known = [
            Ceremony.genesis.selector,
            Ceremony.anchor.selector,
            Ceremony.release.selector,
            Ceremony.rotate.selector,
            Ceremony.halt.selector,
            Ceremony.resume.selector,
            Ceremony.rosterDigest.selector,
            Ceremony.digestGenesis.selector,
            Ceremony.digestAnchor.selector,
            Ceremony.digestRelease.selector,
            Ceremony.digestRotate.selector,
            Ceremony.digestHalt.selector,
            Ceremony.digestResume.selector,
            Ceremony.domainSeparator.selector,
            bytes4(keccak256("VOID()")),
            bytes4(keccak256("nameHash()")),
            bytes4(keccak256("ceremonyId()")),
            bytes4(keccak256("firstRosterDigest()")),
            bytes4(keccak256("n()")),
            bytes4(keccak256("k()")),
            bytes4(keccak256("halting()")),
            bytes4(keccak256("head()")),
            bytes4(keccak256("sequence()")),
            bytes4(keccak256("epoch()"))
        ];
        for (uint256 i = 0; i < known.length; i++) {
            if (selector == known[i]) return true;
        }
        return selector == bytes4(keccak256("halted()")) || selector == bytes4(keccak256("genesisRoot()"))
            || selector == bytes4(keccak256("latestRelease()")) || selector == bytes4(keccak256("anchored(bytes32)"))
            || selector == bytes4(keccak256("released(bytes32)"));
    }
}
