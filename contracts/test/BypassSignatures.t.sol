// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ceremony} from "../src/Ceremony.sol";
import {EveryAct} from "./EveryAct.sol";

/// Ways to write a signature otherwise, or to write none.
contract BypassSignaturesTest is EveryAct {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant FIELD = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 private constant HALF = (ORDER - 1) / 2;
    uint256 private constant PARITY = 1 << 255;

    function _signs(uint256 place) private pure returns (bool) {
        return (FIVE >> place) & 1 == 1;
    }

    function _signatureWords(uint256 place) private view returns (uint256 r, uint256 s) {
        return abi.decode(_signature(keys[place], digest), (uint256, uint256));
    }

    /// One signature replaced by these two words, in each signer's place in turn.
    function _offerInEachPlace(uint256 r, uint256 s, bytes4 rule) private {
        for (uint256 i = 0; i < N; i++) {
            if (!_signs(i)) continue;
            bytes[] memory items = _items(digest, FIVE);
            items[i] = abi.encode(r, s);
            _offer(items, rule);
        }
    }

    /// Signatures above half the order, up to the largest s that fits: refused by name, in every place.
    function test_bypass_highS() public everyAct {
        _offerInEachPlace(1, HALF + 1, Ceremony.HighS.selector);
        _offerInEachPlace(1, PARITY - 1, Ceremony.HighS.selector);
        _offerInEachPlace(1, type(uint256).max, Ceremony.HighS.selector);
    }

    /// The same r, so that only s can be what is refused.
    function test_bypass_highSOfOwnR() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        (uint256 r,) = _signatureWords(4);
        items[4] = abi.encode(r, HALF + 1);
        _offer(items, Ceremony.HighS.selector);
        items[4] = abi.encode(r, PARITY | (HALF + 1));
        _offer(items, Ceremony.HighS.selector);
    }

    /// Half the order itself is low.
    function test_bypass_largestLowS() public everyAct {
        _offerInEachPlace(1, HALF, Ceremony.RosterMismatch.selector);
        _offerInEachPlace(1, PARITY | HALF, Ceremony.RosterMismatch.selector);
    }

    /// A high s that no signature has either is still refused as high: the first rule that speaks is the same everywhere.
    function test_bypass_highSAndNoSigner() public everyAct {
        _offerInEachPlace(0, HALF + 1, Ceremony.HighS.selector);
    }

    /// n - s with the other parity is the same signature elsewhere. Here its top bit would be the parity, so what is read
    /// is another signature, of an unknown key.
    function test_bypass_malleatedSignature() public everyAct {
        for (uint256 i = 0; i < N; i++) {
            if (!_signs(i)) continue;
            (uint256 r, uint256 s) = _signatureWords(i);
            bytes[] memory items = _items(digest, FIVE);
            items[i] = abi.encode(r, ORDER - (s & ~PARITY));
            _offer(items, Ceremony.RosterMismatch.selector);
        }
    }

    function test_bypass_otherParity() public everyAct {
        for (uint256 i = 0; i < N; i++) {
            if (!_signs(i)) continue;
            (uint256 r, uint256 s) = _signatureWords(i);
            bytes[] memory items = _items(digest, FIVE);
            items[i] = abi.encode(r, s ^ PARITY);
            _offer(items, Ceremony.RosterMismatch.selector);
        }
    }

    function test_bypass_zeroR() public everyAct {
        (, uint256 s) = _signatureWords(0);
        _offerInEachPlace(0, s, Ceremony.BadSignature.selector);
    }

    function test_bypass_zeroS() public everyAct {
        (uint256 r,) = _signatureWords(0);
        _offerInEachPlace(r, 0, Ceremony.BadSignature.selector);
        _offerInEachPlace(r, PARITY, Ceremony.BadSignature.selector);
    }

    function test_bypass_zeroSignature() public everyAct {
        _offerInEachPlace(0, 0, Ceremony.BadSignature.selector);
    }

    function test_bypass_rOfTheGroupOrder() public everyAct {
        _offerInEachPlace(ORDER, 1, Ceremony.BadSignature.selector);
    }

    function test_bypass_rOfTheFieldAndAbove() public everyAct {
        _offerInEachPlace(FIELD, 1, Ceremony.BadSignature.selector);
        _offerInEachPlace(type(uint256).max, 1, Ceremony.BadSignature.selector);
    }

    /// No point of the curve has 5 as its x.
    function test_bypass_rOffTheCurve() public everyAct {
        _offerInEachPlace(5, 1, Ceremony.BadSignature.selector);
    }

    /// The precompile answers nothing, and a place left as it was must not be read as the last answer.
    function test_bypass_noSignerAfterAGoodSigner() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        items[3] = abi.encode(0, 0);
        items[4] = abi.encode(0, 0);
        _offer(items, Ceremony.BadSignature.selector);
    }

    /// All five without a signer: five times nobody is not a roster.
    function test_bypass_nobodyFiveTimes() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        for (uint256 i = 0; i < N; i++) {
            if (_signs(i)) items[i] = abi.encode(0, 0);
        }
        _offer(items, Ceremony.BadSignature.selector);
    }

    function test_bypass_rAndSExchanged() public everyAct {
        for (uint256 i = 0; i < N; i++) {
            if (!_signs(i)) continue;
            (uint256 r, uint256 s) = _signatureWords(i);
            bytes[] memory items = _items(digest, FIVE);
            items[i] = abi.encode(s & HALF, r & HALF);
            _offerGarbage(FIVE, _parts(items));
        }
    }

    /// r, s and v in three words, as before EIP-2098.
    function test_bypass_threeWordSignature() public everyAct {
        bytes[] memory items = _items(digest, FIVE);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], digest);
        items[0] = abi.encode(r, s, v);
        _offer(items, Ceremony.BadLength.selector);
    }

    /// The carrier's gas is no rule's business: whatever it starves, nothing is taken by halves.
    function test_bypass_starvedOfGas() public everyAct {
        bytes memory good = _good();
        bytes memory before = _state();
        bool taken = false;
        for (uint256 gasLimit = 5000; !taken; gasLimit += 1000) {
            (taken,) = address(ceremony).call{gas: gasLimit}(good);
            if (!taken) vm.assertEq(_state(), before);
        }
        vm.assertEq(ceremony.head(), keccak256(abi.encode(abi.decode(before, (bytes32)), digest)));
    }
}
