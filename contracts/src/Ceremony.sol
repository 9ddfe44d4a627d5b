// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The on-chain record of one key ceremony, and of what its committee decides afterwards
/// @notice Takes one genesis act, then anchors, releases, rotations, halts and resumptions, each only with the approvals of
/// a quorum of the roster: k of n, or the halting number for a halt. Nobody owns it, nothing in it can be replaced, it
/// calls no other contract and holds no funds. All its terms stand in its creation code, so its address follows from them.
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

    /// @notice Writes a root on chain. Of kind VOID it only spends its sequence number: an act that was aborted can then
    /// never follow; `root` is that act's digest and is not noted as anchored.
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

    /// @notice Releases an artifact as the successor of the one released before it (zero for the first).
    struct Release {
        bytes32 artifact;
        bytes32 manifest;
        bytes32 predecessor;
        bytes32 transcriptRoot;
        uint64 transcriptSize;
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    /// @notice Replaces the roster; the number of custodians and the quorums stay. Works while halted, and resumes nothing.
    struct Rotate {
        address[] roster;
        bytes32 transcriptRoot;
        uint64 transcriptSize;
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    /// @notice Stops everything but rotation, for a reason given off chain. It takes only the halting number.
    struct Halt {
        bytes32 reason;
        bytes32 transcriptRoot;
        uint64 transcriptSize;
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    /// @notice Ends a halt. It takes a full quorum.
    struct Resume {
        bytes32 reason;
        bytes32 transcriptRoot;
        uint64 transcriptSize;
        uint64 epoch;
        uint64 seq;
        uint64 deadline;
        bytes32 head;
    }

    // From the digests of these events, in order, anyone can recompute the head.
    event GenesisAnchored(uint64 indexed seq, bytes32 indexed root, uint64 size, bytes32 planDigest, bytes32 digest);
    event Anchored(uint64 indexed seq, bytes32 indexed root, uint8 kind, uint64 size, bytes32 metadata, bytes32 digest);
    event Released(uint64 indexed seq, bytes32 indexed artifact, bytes32 manifest, bytes32 predecessor, bytes32 digest);
    event Rotated(uint64 indexed seq, bytes32 indexed rosterDigest, uint64 epoch, address[] roster, bytes32 digest);
    event Halted(uint64 indexed seq, bytes32 indexed reason, bytes32 digest);
    event Resumed(uint64 indexed seq, bytes32 indexed reason, bytes32 digest);

    error BadNumbers(); // not 1 <= k <= n <= 32 with halting + k == n + 1
    error UnknownName(); // neither "ceremony" nor "ceremony rehearsal"
    error NotAscending(); // a roster names somebody twice, or nobody, or is out of order
    error WrongRosterSize(); // a new roster has another number of custodians
    error NotCanonical(); // the call is not, byte for byte, what an ABI encoder makes
    error NotYetGenesis(); // another act before the genesis
    error GenesisTwice(); // a genesis after the genesis
    error IsHalted(); // only a rotation or a resumption is taken now
    error NotHalted(); // there is nothing to resume
    error EmptyRoot(); // a root of zero, or of no entries
    error WrongPredecessor(); // another artifact was released before this one
    error WrongEpoch(); // approved for another roster
    error WrongSequence(); // not the next act
    error WrongHead(); // the act continues another history
    error DeadlinePassed(); // the approvals are too old
    error UnknownRosterBit(); // a bit of the bitmap stands for nobody
    error TooFewApprovals(); // fewer than the act needs
    error BadLength(); // the parts are not as many as the bitmap says
    error HighS(); // the malleable half of the signatures
    error BadSignature(); // no key makes this signature
    error RosterMismatch(); // those who signed and those who did not are not the roster

    uint256 private constant MAX_ROSTER = 32; // one bit each in a uint32
    uint256 private constant SELECTOR_BYTES = 4;
    uint256 private constant WORD = 32;

    // how many words each act has in calldata, where it comes first
    uint256 private constant GENESIS_WORDS = 7;
    uint256 private constant ANCHOR_WORDS = 10;
    uint256 private constant RELEASE_WORDS = 9;
    uint256 private constant HALT_WORDS = 7;
    uint256 private constant RESUME_WORDS = 7;

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
    bytes32 private constant RELEASE_TYPEHASH = keccak256(
        "Release(bytes32 artifact,bytes32 manifest,bytes32 predecessor,bytes32 transcriptRoot,uint64 transcriptSize,"
        "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    );
    bytes32 private constant ROTATE_TYPEHASH = keccak256(
        "Rotate(address[] roster,bytes32 transcriptRoot,uint64 transcriptSize,"
        "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    );
    bytes32 private constant HALT_TYPEHASH = keccak256(
        "Halt(bytes32 reason,bytes32 transcriptRoot,uint64 transcriptSize,"
        "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    );
    bytes32 private constant RESUME_TYPEHASH = keccak256(
        "Resume(bytes32 reason,bytes32 transcriptRoot,uint64 transcriptSize,"
        "uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    );

    /// @notice The kind of anchor that only spends its sequence number.
    uint8 public constant VOID = 0;

    /// @notice keccak256 of the domain's name: "ceremony" or "ceremony rehearsal".
    bytes32 public immutable nameHash;
    bytes32 public immutable ceremonyId;
    /// @notice The digest of the roster of epoch 1; in the code it costs no storage access.
    bytes32 public immutable firstRosterDigest;
    uint8 public immutable n;
    uint8 public immutable k;
    /// @notice As many as can always block a quorum: n - k + 1.
    uint8 public immutable halting;

    /// @notice The hash chain over all acts so far; zero before the genesis.
    bytes32 public head;
    /// @notice How many acts were taken, and so the number of the next one.
    uint64 public sequence;
    /// @notice Numbers the rosters, from 1.
    uint64 public epoch = 1;
    bool public halted;
    bytes32 private rotatedRosterDigest;
    bytes32 public genesisRoot;
    /// @notice The artifact released last; zero before the first release.
    bytes32 public latestRelease;
    mapping(bytes32 root => bool) public anchored;
    mapping(bytes32 artifact => bool) public released;

    constructor(string memory name_, bytes32 ceremonyId_, address[] memory roster_, uint8 k_, uint8 halting_) {
        uint256 size = roster_.length;
        if (k_ < 1 || k_ > size || size > MAX_ROSTER || uint256(halting_) + k_ != size + 1) revert BadNumbers();
        nameHash = keccak256(bytes(name_));
        if (nameHash != keccak256("ceremony") && nameHash != keccak256("ceremony rehearsal")) revert UnknownName();
        ceremonyId = ceremonyId_;
        firstRosterDigest = _digestRoster(roster_);
        n = uint8(size);
        k = k_;
        halting = halting_;
    }

    // --- acts: each takes its struct, a bitmap of who approves, and the parts of which `_requireApprovals` tells

    /// @notice Takes the genesis: once, before all else.
    function genesis(Genesis calldata act, uint32 bitmap, bytes32[] calldata parts) external {
        _requireCanonical(GENESIS_WORDS, parts);
        if (sequence != 0) revert GenesisTwice();
        if (act.root == 0 || act.size == 0) revert EmptyRoot();
        _requireCurrent(act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestGenesis(act);
        _requireApprovals(digest, k, bitmap, parts);

        genesisRoot = act.root;
        anchored[act.root] = true;
        _append(digest);
        emit GenesisAnchored(act.seq, act.root, act.size, act.planDigest, digest);
    }

    /// @notice Anchors a root, or, of kind VOID, spends the sequence number.
    function anchor(Anchor calldata act, uint32 bitmap, bytes32[] calldata parts) external {
        _requireCanonical(ANCHOR_WORDS, parts);
        _requireRunning();
        if (act.root == 0 || act.size == 0 || act.transcriptSize == 0) revert EmptyRoot();
        _requireCurrent(act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestAnchor(act);
        _requireApprovals(digest, k, bitmap, parts);

        if (act.kind != VOID) anchored[act.root] = true;
        _append(digest);
        emit Anchored(act.seq, act.root, act.kind, act.size, act.metadata, digest);
    }

    /// @notice Releases an artifact.
    function release(Release calldata act, uint32 bitmap, bytes32[] calldata parts) external {
        _requireCanonical(RELEASE_WORDS, parts);
        _requireRunning();
        if (act.artifact == 0 || act.transcriptSize == 0) revert EmptyRoot();
        if (act.predecessor != latestRelease) revert WrongPredecessor();
        _requireCurrent(act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestRelease(act);
        _requireApprovals(digest, k, bitmap, parts);

        latestRelease = act.artifact;
        released[act.artifact] = true;
        _append(digest);
        emit Released(act.seq, act.artifact, act.manifest, act.predecessor, digest);
    }

    /// @notice Hands over to a new roster, approved by the old one; every approval that is still around dies with its epoch.
    function rotate(Rotate calldata act, uint32 bitmap, bytes32[] calldata parts) external {
        if (keccak256(abi.encodeCall(this.rotate, (act, bitmap, parts))) != keccak256(msg.data)) revert NotCanonical();
        if (sequence == 0) revert NotYetGenesis();
        if (act.roster.length != n) revert WrongRosterSize();
        if (act.transcriptSize == 0) revert EmptyRoot();
        _requireCurrent(act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestRotate(act);
        _requireApprovals(digest, k, bitmap, parts);

        rotatedRosterDigest = _digestRoster(act.roster);
        epoch++;
        _append(digest);
        emit Rotated(act.seq, rotatedRosterDigest, epoch, act.roster, digest);
    }

    /// @notice Halts. Refused when halted already, else three could front-run every rotation by halting again.
    function halt(Halt calldata act, uint32 bitmap, bytes32[] calldata parts) external {
        _requireCanonical(HALT_WORDS, parts);
        _requireRunning();
        if (act.transcriptSize == 0) revert EmptyRoot();
        _requireCurrent(act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestHalt(act);
        _requireApprovals(digest, halting, bitmap, parts);

        halted = true;
        _append(digest);
        emit Halted(act.seq, act.reason, digest);
    }

    /// @notice Resumes.
    function resume(Resume calldata act, uint32 bitmap, bytes32[] calldata parts) external {
        _requireCanonical(RESUME_WORDS, parts);
        if (!halted) revert NotHalted();
        if (act.transcriptSize == 0) revert EmptyRoot();
        _requireCurrent(act.epoch, act.seq, act.deadline, act.head);
        bytes32 digest = digestResume(act);
        _requireApprovals(digest, k, bitmap, parts);

        halted = false;
        _append(digest);
        emit Resumed(act.seq, act.reason, digest);
    }

    /// @notice keccak256 of the n governance addresses in charge, strictly ascending, one 32-byte word each.
    function rosterDigest() public view returns (bytes32) {
        return epoch == 1 ? firstRosterDigest : rotatedRosterDigest;
    }

    // --- what custodians sign

    function digestGenesis(Genesis calldata) public view returns (bytes32) {
        return _typedDigest(_hashStruct(GENESIS_TYPEHASH, GENESIS_WORDS));
    }

    function digestAnchor(Anchor calldata) public view returns (bytes32) {
        return _typedDigest(_hashStruct(ANCHOR_TYPEHASH, ANCHOR_WORDS));
    }

    function digestRelease(Release calldata) public view returns (bytes32) {
        return _typedDigest(_hashStruct(RELEASE_TYPEHASH, RELEASE_WORDS));
    }

    /// @notice An array is encoded as the hash of its words, so a roster is signed as its digest.
    function digestRotate(Rotate calldata act) public view returns (bytes32) {
        bytes32 fields = keccak256(
            abi.encode(
                ROTATE_TYPEHASH,
                _digestRoster(act.roster),
                act.transcriptRoot,
                act.transcriptSize,
                act.epoch,
                act.seq,
                act.deadline,
                act.head
            )
        );
        return _typedDigest(fields);
    }

    function digestHalt(Halt calldata) public view returns (bytes32) {
        return _typedDigest(_hashStruct(HALT_TYPEHASH, HALT_WORDS));
    }

    function digestResume(Resume calldata) public view returns (bytes32) {
        return _typedDigest(_hashStruct(RESUME_TYPEHASH, RESUME_WORDS));
    }

    /// @notice Computed at each use: a chain that splits off gets another id, and approvals do not follow it there.
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, nameHash, VERSION_HASH, block.chainid, address(this)));
    }

    /// SPEC EIP-712: hashStruct is keccak256(typeHash || members). The members stand in calldata as they are hashed, and
    /// come first in it.
    function _hashStruct(bytes32 typeHash, uint256 words) private pure returns (bytes32) {
        return keccak256(bytes.concat(typeHash, msg.data[SELECTOR_BYTES:SELECTOR_BYTES + words * WORD]));
    }

    function _typedDigest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash));
    }

    // --- rules

    /// One act has one calldata: after the act's words stand the bitmap, the parts' offset and number, the parts, and no
    /// more. (The decoder itself refuses a number that is too large for its type.)
    function _requireCanonical(uint256 words, bytes32[] calldata parts) private pure {
        uint256 offset = (words + 2) * WORD;
        if (
            uint256(bytes32(msg.data[SELECTOR_BYTES + offset - WORD:])) != offset
                || msg.data.length != SELECTOR_BYTES + offset + WORD + parts.length * WORD
        ) revert NotCanonical();
    }

    function _requireRunning() private view {
        if (sequence == 0) revert NotYetGenesis();
        if (halted) revert IsHalted();
    }

    function _requireCurrent(uint64 actEpoch, uint64 seq, uint64 deadline, bytes32 actHead) private view {
        if (actEpoch != epoch) revert WrongEpoch();
        if (seq != sequence) revert WrongSequence();
        if (actHead != head) revert WrongHead();
        if (block.timestamp > deadline) revert DeadlinePassed();
    }

    /// Bit i of the bitmap says that the i-th ascending address of the roster approves. The parts are, for each of the n in
    /// order, the two words of an EIP-2098 signature over the digest, or the bare address as one word if absent.
    /// They rebuild the whole roster: only if it is the very one whose digest stands here did each signature come from the
    /// custodian whose place it takes.
    function _requireApprovals(bytes32 digest, uint256 needed, uint32 bitmap, bytes32[] calldata parts) private view {
        if (uint256(bitmap) >> n != 0) revert UnknownRosterBit();
        uint256 present = _popcount(bitmap);
        if (present < needed) revert TooFewApprovals();
        if (parts.length != n + present) revert BadLength();
        (bytes32 rebuilt, uint256 largestS, bool allRecovered) = _rebuildDigest(digest, bitmap, parts);
        if (largestS > MAX_S) revert HighS();
        if (!allRecovered) revert BadSignature();
        if (rebuilt != rosterDigest()) revert RosterMismatch();
    }

    /// The digest of the roster that the parts make, the largest s among their signatures, and whether each had a signer.
    function _rebuildDigest(
        bytes32 digest,
        uint256 bitmap,
        bytes32[] calldata parts
    ) private view returns (bytes32 rebuilt, uint256 largestS, bool allRecovered) {
        uint256 end = uint256(n) * WORD;
        uint256 parityBit = ~S_MASK;
        allRecovered = true;
        assembly ("memory-safe") {
            let question := mload(0x40) // digest, v, r, s: what the precompile at address 1 is asked
            let roster := add(question, 0x80)
            let part := parts.offset
            mstore(question, digest)
            for { let at := 0 } lt(at, end) { at := add(at, 0x20) } {
                let place := add(roster, at)
                switch and(bitmap, 1)
                case 0 {
                    mstore(place, calldataload(part))
                    part := add(part, 0x20)
                }
                default {
                    let yParityAndS := calldataload(add(part, 0x20))
                    let s := and(yParityAndS, not(parityBit))
                    if gt(s, largestS) { largestS := s }
                    mstore(add(question, 0x20), add(27, shr(255, yParityAndS)))
                    mstore(add(question, 0x40), calldataload(part))
                    mstore(add(question, 0x60), s)
                    mstore(place, 0)
                    pop(staticcall(gas(), 1, question, 0x80, place, 0x20))
                    if iszero(mload(place)) { allRecovered := 0 }
                    part := add(part, 0x40)
                }
                bitmap := shr(1, bitmap)
            }
            rebuilt := keccak256(roster, end)
        }
    }

    function _digestRoster(address[] memory roster) private pure returns (bytes32) {
        address previous = address(0);
        for (uint256 i = 0; i < roster.length; i++) {
            if (roster[i] <= previous) revert NotAscending();
            previous = roster[i];
        }
        return keccak256(abi.encodePacked(roster));
    }

    function _popcount(uint256 bitmap) private pure returns (uint256 count) {
        for (; bitmap != 0; bitmap &= bitmap - 1) {
            count++;
        }
    }

    function _append(bytes32 digest) private {
        head = keccak256(abi.encode(head, digest));
        sequence++;
    }
}
