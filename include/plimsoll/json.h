/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as Go's encoding/json takes it, because that is what reads these documents in the engines: RFC 8259 without
 * leniency, bytes that are not UTF-8 and lone surrogates become U+FFFD, keys of known members match in any case, of
 * several the last one wins. First a reader that gives token after token, then a decoder that fills a struct from a table
 * of its members. Neither recurses into the input; both refuse what is deeper than PL_MAX_JSON_DEPTH.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"
#include "plimsoll/reason.h"

enum pl_json_token {
	PL_JSON_END, /* the document is over and was well formed */
	PL_JSON_OBJECT,
	PL_JSON_OBJECT_END,
	PL_JSON_ARRAY,
	PL_JSON_ARRAY_END,
	PL_JSON_KEY, /* of an object's member; its value comes next */
	PL_JSON_STRING,
	PL_JSON_NUMBER,
	PL_JSON_TRUE,
	PL_JSON_FALSE,
	PL_JSON_NULL,
};

enum pl_json_trailing {
	PL_JSON_ONLY,  /* blanks alone may follow the value (json.Unmarshal) */
	PL_JSON_FIRST, /* what follows the value is not looked at (json.Decoder) */
};

/* A document being read; borrows its bytes. The first three members may be read by all, the rest is the reader's own. */
struct pl_json {
	enum pl_json_token token; /* the last one */
	size_t offset;            /* of its first byte */
	const char *raw;          /* a key or string between its quotes as written, or a number; not terminated */
	size_t raw_len;

	const char *bytes;
	size_t n, at;
	uint64_t objects; /* one bit a level: 1 object, 0 array */
	unsigned int depth;
	unsigned int state;
	enum pl_json_trailing trailing;
};

void pl_json_init(struct pl_json *json, const void *bytes, size_t n, enum pl_json_trailing trailing);

/*
 * Reads the next token. After a refusal, read no further.
 * Return: 0, or with "offset N: ..." as reason: PL_BAD_SYNTAX, PL_BAD_TRUNCATED, PL_BAD_LIMIT.
 */
int pl_json_next(struct pl_json *json, struct pl_reason *reason) __attribute__((warn_unused_result));

/* The same, and the token must be `token`, else PL_BAD_SYNTAX in Go's words for a value of a wrong type. */
int pl_json_expect(struct pl_json *json, enum pl_json_token token, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/*
 * Passes over the value that the last token began: after a key its whole value, after an opening bracket all up to the
 * closing one, after anything else nothing. Checked like the rest. Returns as pl_json_next.
 */
int pl_json_skip(struct pl_json *json, struct pl_reason *reason) __attribute__((warn_unused_result));

/* Whether the last token, a key, names the member `name` (ASCII) in Go's eyes: any case, and also U+017F for s, U+212A for k. */
bool pl_json_key_is(const struct pl_json *json, const char *name);

/*
 * The last token, a key or string, decoded: terminated, in `arena`, its length in *n_out (may be null). A zero byte in
 * it makes strlen shorter than *n_out. Return: null when the arena is full.
 */
char *pl_json_text(const struct pl_json *json, struct pl_arena *arena, size_t *n_out)
	__attribute__((warn_unused_result));

/* The last token, a number, as Go puts it into an int64. Return: false for a fraction, an exponent, or when too large. */
bool pl_json_int64(const struct pl_json *json, int64_t *out) __attribute__((warn_unused_result));

/* What a member is in Go's struct, and where it goes in ours. */
enum pl_json_kind {
	PL_JSON_ANY,    /* anything: only `flag_at` */
	PL_JSON_TEXT,   /* string: const char *, "" when absent; `flag_at`: set when given again with another value */
	PL_JSON_BOOL,   /* bool */
	PL_JSON_INT64,  /* int, int64: int64_t, -1 when absent */
	PL_JSON_TIME,   /* *time.Time: const char * as written, "" when absent */
	PL_JSON_DIGEST, /* digest.Digest: struct pl_digest; what is no digest refuses the document */
	PL_JSON_STRUCT, /* struct: described by `table`, at this place */
	PL_JSON_TEXTS,  /* []string: const char ** and size_t */
	PL_JSON_TEXTS_OR_ONE, /* docker's StrSlice, a list or one string; `flag_at`: set when it was one string */
	PL_JSON_DIGESTS,      /* []digest.Digest: struct pl_digest * and size_t */
	PL_JSON_STRUCTS,      /* []struct: an array of what `table` describes, and size_t */
	PL_JSON_KEYS,         /* map[string]struct{}: const char ** and size_t; sorted bytewise, each once */
	PL_JSON_PAIRS,        /* map[string]string: struct pl_pair * and size_t; sorted by key, each once */
};

/* For `at` of a member whose type matters (a wrong one refuses the document) but not its value. */
#define PL_JSON_NOWHERE SIZE_MAX

struct pl_json_table;

struct pl_json_field {
	const char *name; /* ASCII, as in the `json:` tag */
	enum pl_json_kind kind;
	bool pointer; /* a Go pointer: null makes it absent again (lists and maps are so anyway; others keep their value) */
	size_t at;   /* offsetof the value, PL_JSON_NOWHERE, or for a STRUCT 0 when its members are ours */
	size_t n_at; /* offsetof the count, of lists and maps */
	size_t flag_at; /* offsetof a bool, never the first member: see the kinds; of the others, set when the member is present */
	const struct pl_json_table *table; /* of STRUCT and STRUCTS */
};

/* A table must not contain itself. */
struct pl_json_table {
	const char *name; /* for messages */
	size_t size;      /* of the struct: sizeof */
	const struct pl_json_field *fields;
	size_t n_fields;
};

/* A table of the array `list` of members of `type`. */
#define PL_JSON_TABLE(go_name, type, list)                                 \
	{                                                                  \
		.name = (go_name), .size = sizeof(type), .fields = (list), \
		.n_fields = sizeof(list) / sizeof((list)[0])               \
	}

/*
 * Fills `out` (table->size bytes, cleared first) from a document whose value is an object, as Go's Unmarshal or Decode
 * would: unknown members are passed over, objects and maps given twice are merged, a list given twice overwrites element
 * by element, null changes nothing but pointers, lists and maps, any wrong type refuses the document.
 * All that *out points to lives in `arena`. A kept string with a zero byte in it is PL_BAD_UNSUPPORTED: no C string, no
 * process argument and no file name can hold it.
 * Return: 0; -ENOMEM; PL_BAD_SYNTAX, PL_BAD_TRUNCATED, PL_BAD_UNSUPPORTED; PL_BAD_LIMIT also when the decoded form would
 * take more than PL_MAX_JSON_ARENA or than the arena may hold. The reason begins with "offset N: ".
 */
int pl_json_decode(const void *bytes, size_t n, enum pl_json_trailing trailing, const struct pl_json_table *table,
		   struct pl_arena *arena, void *out, struct pl_reason *reason) __attribute__((warn_unused_result));

/* The same for a document that is a list of such objects: *items_out is an array in the arena. */
int pl_json_decode_list(const void *bytes, size_t n, enum pl_json_trailing trailing, const struct pl_json_table *table,
			struct pl_arena *arena, void **items_out, size_t *n_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
