// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The on-chain record of one key ceremony
/// @notice Takes one genesis act, then anchor acts, each only with the approvals of a quorum (k of n) of the roster.
/// Nobody owns it, nothing in it can be replaced, it calls no other contract and holds no funds.
/// All its terms stand in its creation code, so its address follows from them.
contract Ceremony {
    /// @notice The first act: the transcript's root at the proposal entry, its size, and the plan it fulfils.
    struct Genesis {
        bytes32 root;
        uint64 size;
        bytes32 planDigest;
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    /// @notice Each later act: what is anchored, and the transcript's root and size at its proposal entry.
    struct Anchor {
        uint8 kind;
        bytes32 root;
        uint64 size;
        bytes32 metadata;
        bytes32 transcriptRoot;
        uint64 transcriptSize;
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    /// @param head the contract head after the act; with every digest in order, anyone can recompute it.
    event GenesisAnchored(uint64 indexed seq, bytes32 indexed root, uint64 size, bytes32 head, bytes32 digest);
    /// @param head the contract head after the act.
    event Anchored(
        uint64 indexed seq,
        bytes32 indexed root,
        uint8 kind,
        uint64 size,
        bytes32 metadata,
        bytes32 head,
        bytes32 digest
    );

    error BadNumbers(); // not 1 <= k <= n <= 32 with halting + k == n + 1
    error UnknownName(); // neither "ceremony" nor "ceremony rehearsal"
    error NotCanonical(); // the call is not, byte for byte, what an ABI encoder makes
    error NotYetGenesis(); // an anchor before the genesis
    error GenesisTwice(); // a genesis after the genesis
    error EmptyRoot(); // a root of zero, or of no entries
    error WrongEpoch(); // approved for another roster
    error WrongSequence(); // not the next act
    error WrongHead(); // the act continues another history
    error DeadlinePassed(); // the approvals are too old
    error UnknownRosterBit(); // a bit of the bitmap stands for nobody
    error TooFewApprovals(); // fewer than k
    error BadLength(); // the approvals are not exactly as long as their bitmap says
    error HighS(); // the malleable half of the signatures
    error BadSignature(); // no key makes this signature
    error RosterMismatch(); // those who signed and those who did not are not the roster
    error NotAscending(); // the roster itself names somebody twice, or is out of order

    uint256 private constant MAX_ROSTER = 32; // one bit each in a uint32
    uint256 private constant BITMAP_BYTES = 4;
    uint256 private constant SIGNATURE_BYTES = 64;
    uint256 private constant ADDRESS_BYTES = 20;

    // SPEC EIP-2098: the top bit of the second word is the parity of y, the rest is s
    uint256 private constant S_MASK = (1 << 255) - 1;
    // SPEC EIP-2: only the lower half of s counts, so that one approval has one form; this is (group order - 1) / 2
    uint256 private constant MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    // SPEC EIP-712
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant GENESIS_TYPEHASH = keccak256(
        "Genesis(bytes32 root,uint64 size,bytes32 planDigest,uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    );
    bytes32 private constant ANCHOR_TYPEHASH = keccak256(
        "Anchor(uint8 kind,bytes32 root,uint64 size,bytes32 metadata,bytes32 transcriptRoot,uint64 transcriptSize,"
        "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    );

    /// @notice Numbers the rosters; this version has one roster for life.
    uint64 public constant epoch = 1;

    /// @notice keccak256 of the domain's name: "ceremony" or "ceremony rehearsal".
    bytes32 public immutable nameHash;
    bytes32 public immutable ceremonyId;
    /// @notice keccak256 of the n governance addresses, strictly ascending, one 32-byte word each.
    bytes32 public immutable rosterDigest;
    uint8 public immutable n;
    uint8 public immutable k;
    /// @notice As many as can always block a quorum: n - k + 1.
    uint8 public immutable halting;

    /// @notice The hash chain over all acts so far; zero before the genesis.
    bytes32 public head;
    /// @notice How many acts were taken, and so the number of the next one.
    uint64 public sequence;
    bytes32 public genesisRoot;
    mapping(bytes32 root => bool) public anchored;

    constructor(string memory name_, bytes32 ceremonyId_, bytes32 rosterDigest_, uint8 n_, uint8 k_, uint8 halting_) {
        if (k_ < 1 || k_ > n_ || n_ > MAX_ROSTER || uint256(halting_) + k_ != uint256(n_) + 1) revert BadNumbers();
        nameHash = keccak256(bytes(name_));
        if (nameHash != keccak256("ceremony") && nameHash != keccak256("ceremony rehearsal")) revert UnknownName();
        ceremonyId = ceremonyId_;
        rosterDigest = rosterDigest_;
        n = n_;
        k = k_;
        halting = halting_;
    }

    /// @notice Takes the genesis: once, before all else.
    /// @param approvals a uint32 bitmap (bit i: the i-th ascending address of the roster approves), then for each of
    /// the n in order its 64-byte EIP-2098 signature over `digestGenesis(act)`, or its 20-byte address if absent.
    function genesis(Genesis calldata act, bytes calldata approvals) external {
        _requireCanonical(abi.encodeCall(this.genesis, (act, approvals)));
        if (sequence != 0) revert GenesisTwice();
        _requireCurrent(act.root, act.size, act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestGenesis(act);
        _requireQuorum(digest, approvals);

        genesisRoot = act.root;
        _append(act.root, digest);
        emit GenesisAnchored(act.seq, act.root, act.size, head, digest);
    }

    /// @notice Anchors a root after the genesis. `approvals` as for the genesis, over `digestAnchor(act)`.
    function anchor(Anchor calldata act, bytes calldata approvals) external {
        _requireCanonical(abi.encodeCall(this.anchor, (act, approvals)));
        if (sequence == 0) revert NotYetGenesis();
        _requireCurrent(act.root, act.size, act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestAnchor(act);
        _requireQuorum(digest, approvals);

        _append(act.root, digest);
        emit Anchored(act.seq, act.root, act.kind, act.size, act.metadata, head, digest);
    }

    /// @notice What custodians sign for a genesis.
    function digestGenesis(Genesis calldata act) public view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(GENESIS_TYPEHASH, act)));
    }

    /// @notice What custodians sign for an anchor.
    function digestAnchor(Anchor calldata act) public view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(ANCHOR_TYPEHASH, act)));
    }

    /// @notice Computed at each use: a chain that splits off gets another id, and approvals do not follow it there.
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, nameHash, VERSION_HASH, block.chainid, address(this)));
    }

    function _typedDigest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash));
    }

    /// One act has one calldata: no other offset, no dirty padding, nothing missing or trailing.
    function _requireCanonical(bytes memory encoded) private pure {
        if (keccak256(encoded) != keccak256(msg.data)) revert NotCanonical();
    }

    function _requireCurrent(
        bytes32 root,
        uint64 size,
        uint64 actEpoch,
        uint64 seq,
        uint64 deadline,
        bytes32 actHead
    ) private view {
        if (root == 0 || size == 0) revert EmptyRoot();
        if (actEpoch != epoch) revert WrongEpoch();
        if (seq != sequence) revert WrongSequence();
        if (actHead != head) revert WrongHead();
        if (block.timestamp > deadline) revert DeadlinePassed();
    }

    /// Rebuilds the whole roster, from signatures where there is one and from bare addresses elsewhere. Only if it is
    /// the very roster of the creation code did each signature come from the custodian whose place it takes.
    function _requireQuorum(bytes32 digest, bytes calldata approvals) private view {
        if (approvals.length < BITMAP_BYTES) revert BadLength();
        uint256 bitmap = uint32(bytes4(approvals));
        if (bitmap >> n != 0) revert UnknownRosterBit();
        uint256 present = _popcount(bitmap);
        if (present < k) revert TooFewApprovals();
        uint256 length = BITMAP_BYTES + present * SIGNATURE_BYTES + (n - present) * ADDRESS_BYTES;
        if (approvals.length != length) revert BadLength();
        _requireRoster(_rebuild(digest, bitmap, approvals[BITMAP_BYTES:]));
    }

    function _rebuild(
        bytes32 digest,
        uint256 bitmap,
        bytes calldata rest
    ) private view returns (address[] memory roster) {
        roster = new address[](n);
        for (uint256 i = 0; i < n; i++) {
            bool approves = (bitmap >> i) & 1 == 1;
            roster[i] = approves ? _signer(digest, rest[:SIGNATURE_BYTES]) : address(bytes20(rest));
            rest = rest[approves ? SIGNATURE_BYTES : ADDRESS_BYTES:];
        }
    }

    function _requireRoster(address[] memory roster) private view {
        if (keccak256(abi.encodePacked(roster)) != rosterDigest) revert RosterMismatch();
        address previous = address(0);
        for (uint256 i = 0; i < roster.length; i++) {
            if (roster[i] <= previous) revert NotAscending();
            previous = roster[i];
        }
    }

    function _signer(bytes32 digest, bytes calldata signature) private pure returns (address signer) {
        (bytes32 r, uint256 yParityAndS) = abi.decode(signature, (bytes32, uint256));
        uint256 s = yParityAndS & S_MASK;
        if (s > MAX_S) revert HighS();
        signer = ecrecover(digest, uint8(27 + (yParityAndS >> 255)), r, bytes32(s));
        if (signer == address(0)) revert BadSignature();
    }

    function _popcount(uint256 bitmap) private pure returns (uint256 count) {
        for (; bitmap != 0; bitmap >>= 1) {
            count += bitmap & 1;
        }
    }

    function _append(bytes32 root, bytes32 digest) private {
        head = keccak256(abi.encode(head, digest));
        sequence++;
        anchored[root] = true;
    }
}
