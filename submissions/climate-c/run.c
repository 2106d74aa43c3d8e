/* Labels quotes by the sum of the weights of their hashed terms; speaks the frames of
 * docs/reference/frames.md on descriptors 3 and 4.
 *
 * A text is read once, byte by byte, as it comes out of the pipe: memory is a fixed buffer and a few
 * bytes for each text of a request, however long the texts are. train.py holds the same in Python.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    REQUESTS = 3,
    REPLIES = 4,
    HEADER_BYTES = 16, /* four letters, n as 4 bytes, a length as 8 */
    OFFSET_BYTES = 8,
    LABEL_BYTES = 4,
    CHUNK_BYTES = 1 << 16,
    LABELS = 8,
    BUCKETS = 1 << 15, /* a power of two */
    PREFIX = 5         /* letters of a longer word that are a term of their own */
};

static const char WEIGHTS_FILE[] = "weights.bin";
static const unsigned char MAGIC[8] = {'T', 'E', 'R', 'M', 'S', '0', '0', '1'};

static const uint32_t FNV_BASIS = 2166136261u;
static const uint32_t FNV_PRIME = 16777619u;
static const uint32_t PREFIX_MARK = 0x5bd1e995u; /* sets a prefix apart from a word that is as long */
static const uint32_t PAIR_FACTOR = 0x9e3779b1u;

static int8_t weights[BUCKETS][LABELS];
static unsigned char letters[256]; /* a letter's lower case; 0 for what stands between words */

/* What of a text has been read. */
struct reading {
    int64_t scores[LABELS]; /* 2^56 terms fit */
    uint32_t hash, prefix, previous;
    unsigned length; /* of the word so far, counted up to PREFIX + 1 */
    int has_previous;
};

/* The blob of a request, of which `left` bytes are still in the pipe. */
struct stream {
    unsigned char buffer[CHUNK_BYTES];
    size_t at, filled;
    uint64_t left;
};

/* ---- numbers, little-endian whatever the machine is ---- */

static uint64_t load(const unsigned char *from, unsigned bytes) {
    uint64_t number = 0;
    for (unsigned i = bytes; i-- > 0;) number = number << 8 | from[i];
    return number;
}

static void store(unsigned char *to, uint64_t number, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++, number >>= 8) to[i] = (unsigned char)number;
}

/* ---- the channel ---- */

static void write_all(const unsigned char *from, size_t size) {
    while (size > 0) {
        ssize_t wrote = write(REPLIES, from, size);
        if (wrote < 0) {
            if (errno == EINTR) continue;
            _exit(1); /* nobody is there to be told */
        }
        from += wrote;
        size -= (size_t)wrote;
    }
}

static void put_header(unsigned char *header, const char *type, uint32_t n, uint64_t bytes) {
    memcpy(header, type, 4);
    store(header + 4, n, 4);
    store(header + 8, bytes, 8);
}

static void write_header(const char *type, uint32_t n, uint64_t bytes) {
    unsigned char header[HEADER_BYTES];
    put_header(header, type, n, bytes);
    write_all(header, sizeof header);
}

static _Noreturn void fail(const char *message) {
    write_header("FAIL", 0, strlen(message));
    write_all((const unsigned char *)message, strlen(message));
    _exit(1);
}

/* Read up to `size` bytes, at least one; 0 at the end of the file. */
static size_t read_some(unsigned char *into, size_t size) {
    for (;;) {
        ssize_t got = read(REQUESTS, into, size);
        if (got >= 0) return (size_t)got;
        if (errno != EINTR) _exit(1);
    }
}

/* Read `size` bytes. The file may end before the first of them, where a frame may begin, only. */
static void read_all(unsigned char *into, size_t size, int is_frame) {
    for (size_t have = 0; have < size;) {
        size_t got = read_some(into + have, size - have);
        if (got == 0) _exit(is_frame && have == 0 ? 0 : 1);
        have += got;
    }
}

/* ---- a text ---- */

static void add(struct reading *text, uint32_t hash) {
    const int8_t *row = weights[(hash ^ hash >> 16) & (BUCKETS - 1)];
    for (int label = 0; label < LABELS; label++) text->scores[label] += row[label];
}

static void end_word(struct reading *text) {
    if (text->length == 0) return;
    add(text, text->hash);
    if (text->length > PREFIX) add(text, text->prefix ^ PREFIX_MARK);
    if (text->has_previous) add(text, text->previous * PAIR_FACTOR + text->hash);
    text->previous = text->hash;
    text->has_previous = 1;
    text->hash = FNV_BASIS;
    text->length = 0;
}

static void read_text(struct reading *text, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char letter = letters[bytes[i]];
        if (letter == 0) {
            end_word(text);
            continue;
        }
        text->hash = (text->hash ^ letter) * FNV_PRIME;
        if (text->length <= PREFIX && ++text->length == PREFIX) text->prefix = text->hash;
    }
}

static int label_of(const struct reading *text) {
    int best = 0;
    for (int label = 1; label < LABELS; label++)
        if (text->scores[label] > text->scores[best]) best = label; /* the lowest on a tie */
    return best;
}

/* ---- requests ---- */

_Static_assert(SIZE_MAX > UINT32_MAX * UINT64_C(16), "room for 2^32 offsets has a size");

/* Return `size` bytes; they stand until the next call for this `room`. */
static unsigned char *room_for(unsigned char **room, size_t *capacity, size_t size) {
    if (size > *capacity) {
        unsigned char *larger = realloc(*room, size);
        if (larger == NULL) fail("no memory for so many samples");
        *room = larger;
        *capacity = size;
    }
    return *room;
}

static int label_next(struct stream *blob, uint64_t size) {
    struct reading text = {.hash = FNV_BASIS};
    while (size > 0) {
        if (blob->at == blob->filled) {
            size_t wanted = blob->left < CHUNK_BYTES ? (size_t)blob->left : CHUNK_BYTES;
            blob->filled = read_some(blob->buffer, wanted);
            if (blob->filled == 0) _exit(1);
            blob->at = 0;
            blob->left -= blob->filled;
        }
        size_t ready = blob->filled - blob->at;
        size_t part = size < ready ? (size_t)size : ready;
        read_text(&text, blob->buffer + blob->at, part);
        blob->at += part;
        size -= part;
    }
    end_word(&text);
    return label_of(&text);
}

static void answer_texts(uint32_t n, uint64_t bytes) {
    static unsigned char *offsets, *reply;
    static size_t offsets_capacity, reply_capacity;
    static struct stream blob;

    size_t offsets_bytes = ((size_t)n + 1) * OFFSET_BYTES;
    room_for(&offsets, &offsets_capacity, offsets_bytes);
    read_all(offsets, offsets_bytes, 0);
    uint64_t begin = load(offsets, OFFSET_BYTES);
    if (begin != 0) fail("the first offset is not 0");
    for (size_t i = 1; i <= n; i++) {
        uint64_t end = load(offsets + i * OFFSET_BYTES, OFFSET_BYTES);
        if (end < begin) fail("an offset falls");
        begin = end;
    }
    if (begin != bytes) fail("the last offset is not the length of the blob");

    size_t labels_bytes = (size_t)n * LABEL_BYTES;
    room_for(&reply, &reply_capacity, HEADER_BYTES + labels_bytes);
    put_header(reply, "PRED", n, labels_bytes);
    blob.at = blob.filled = 0;
    blob.left = bytes;
    begin = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t end = load(offsets + (i + 1) * OFFSET_BYTES, OFFSET_BYTES);
        int label = label_next(&blob, end - begin);
        store(reply + HEADER_BYTES + i * LABEL_BYTES, (uint64_t)label, LABEL_BYTES);
        begin = end;
    }
    write_all(reply, HEADER_BYTES + labels_bytes);
}

static void load_weights(void) {
    unsigned char head[sizeof MAGIC + 8];
    unsigned char after;
    int file = open(WEIGHTS_FILE, O_RDONLY);
    if (file < 0) fail("weights.bin cannot be opened");
    unsigned char *parts[] = {head, (unsigned char *)weights, &after};
    size_t sizes[] = {sizeof head, sizeof weights, 1};
    size_t have = 0;
    for (int part = 0; part < 3; part++) {
        for (have = 0; have < sizes[part];) {
            ssize_t got = read(file, parts[part] + have, sizes[part] - have);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            have += (size_t)got;
        }
        if (part < 2 && have < sizes[part]) fail("weights.bin is too short");
    }
    close(file);
    if (have != 0) fail("weights.bin is too long");
    if (memcmp(head, MAGIC, sizeof MAGIC) != 0 || load(head + sizeof MAGIC, 4) != BUCKETS ||
        load(head + sizeof MAGIC + 4, 4) != LABELS)
        fail("weights.bin is of another version than the program");
}

static void require(const char *name, const char *value) {
    const char *found = getenv(name);
    if (found == NULL || strcmp(found, value) != 0)
        fail("this program answers FRUGAL_OUTPUT=index for FRUGAL_LABELS=8 only");
}

int main(void) {
    int loaded = 0;
    for (int byte = 0; byte < 256; byte++) {
        int is_upper = byte >= 'A' && byte <= 'Z';
        int is_letter = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 128;
        letters[byte] = (unsigned char)(is_upper ? byte + 32 : is_letter ? byte : 0);
    }
    require("FRUGAL_OUTPUT", "index");
    require("FRUGAL_LABELS", "8");
    write_header("REDY", 0, 0);
    for (;;) {
        unsigned char header[HEADER_BYTES];
        read_all(header, sizeof header, 1);
        uint32_t n = (uint32_t)load(header + 4, 4);
        uint64_t bytes = load(header + 8, 8);
        if (memcmp(header, "LOAD", 4) == 0) {
            if (n != 0 || bytes != 0) fail("LOAD carries nothing");
            load_weights();
            loaded = 1;
            write_header("LOAD", 0, 0);
        } else if (memcmp(header, "TEXT", 4) == 0) {
            if (!loaded) fail("texts came before LOAD");
            answer_texts(n, bytes);
        } else {
            fail("a request of another type than LOAD and TEXT");
        }
    }
}
