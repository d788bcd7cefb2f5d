/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: a loop over tokens with a stack of what is open, as deep as the tables nest. Where a rule looks odd it is
 * Go's (encoding/json:decode.go): a list that is given twice is overwritten element by element, and what the second one
 * leaves out of an element stays from the first.
 */
#include "plimsoll/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/go_text.h"
#include "plimsoll/digest.h"
#include "plimsoll/image.h"
#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

/* A document, its config, the health check in it and that one's list make 5 with the root. */
#define MAX_FRAMES 8

/* A string that was never given, and one that null took away again: both empty, told apart by their address. */
static const char absent[] = "";
static const char cleared[] = "";

/* An open object, map or list. */
struct frame {
	const struct pl_json_table *table; /* of a struct; null: a map or list */
	const struct pl_json_field
		*field;  /* in a struct the member whose key was read last, else the map or list itself */
	char *base;      /* the struct that holds `field`; null: nothing is kept */
	const char *key; /* in a map the last key */
	size_t n;        /* in a map or list the elements so far */
	size_t n_before; /* in a map those that were there when it was opened */
};

struct decoder {
	struct pl_json json;
	struct pl_arena *arena;
	size_t used_before; /* of the arena */
	struct pl_reason *reason;
	struct frame frames[MAX_FRAMES];
	size_t n_frames;
};

/* Where one value goes. */
struct slot {
	enum pl_json_kind kind;
	const struct pl_json_table *table;  /* when it is a struct or a list of them */
	const struct pl_json_field *member; /* null for an element of a list or map */
	char *base;                         /* the struct that holds the member */
	void *at;                           /* null when only the type matters */
};

/* What stands before a list's first element: a shorter list given later must not forget the rest of a longer one. */
union list_head {
	size_t capacity;
	max_align_t align;
};

struct kind {
	const char *go_type;
	unsigned int accepts; /* one bit for each token */
	int (*store)(struct decoder *d, const struct slot *slot);
	enum pl_json_kind element; /* of lists and maps */
	size_t element_size;       /* 0: the table's */
	bool null_clears;
};

static const struct kind kinds[PL_JSON_PAIRS + 1];

static int refuse_size(const struct decoder *d, size_t limit)
{
	pl_reason_limit(d->reason, "json-arena", limit);
	pl_reason_prefix(d->reason, "offset %zu", d->json.offset);
	return PL_BAD_LIMIT;
}

/* The arena gave nothing. One that is full says that the document is too large, not that memory is short. */
static int refuse_full(const struct decoder *d, size_t wanted)
{
	size_t left = d->arena->max_bytes - d->arena->used_bytes;

	return wanted + 256 < left ? -ENOMEM : refuse_size(d, d->arena->max_bytes);
}

static bool is_over(const struct decoder *d, size_t wanted)
{
	return wanted > PL_MAX_JSON_ARENA || d->arena->used_bytes - d->used_before > PL_MAX_JSON_ARENA - wanted;
}

/* `n` zeroed elements. */
static int take_memory(struct decoder *d, size_t n, size_t size, void *out)
{
	void *got;

	if (n > PL_MAX_JSON_ARENA / size || is_over(d, n * size))
		return refuse_size(d, PL_MAX_JSON_ARENA);
	got = pl_arena_calloc(d->arena, n, size);
	memcpy(out, &got, sizeof(got));
	return got ? 0 : refuse_full(d, n * size);
}

/* The last string or key, which must be fit to be a C string. */
static int take_text(struct decoder *d, const char **out)
{
	size_t n = 0;
	char *text = pl_json_text(&d->json, d->arena, &n);

	if (!text)
		return refuse_full(d, n);
	if (is_over(d, 0))
		return refuse_size(d, PL_MAX_JSON_ARENA);
	if (strlen(text) != n) {
		pl_reason_set(d->reason, "offset %zu: a string holds a zero byte", d->json.offset);
		return PL_BAD_UNSUPPORTED;
	}
	*out = text;
	return 0;
}

static void *place(char *base, size_t at)
{
	return base && at != PL_JSON_NOWHERE ? base + at : NULL;
}

static void set_flag(const struct pl_json_field *field, char *base)
{
	bool *flag = field->flag_at ? place(base, field->flag_at) : NULL;

	if (flag)
		*flag = true;
}

/* Pointers to any type are read and written as this one. */
static void *get_list(const struct pl_json_field *field, char *base)
{
	void *list = NULL;
	void *at = place(base, field->at);

	if (at)
		memcpy(&list, at, sizeof(list));
	return list;
}

static void set_list(const struct pl_json_field *field, char *base, void *list, size_t n)
{
	void *at = place(base, field->at);

	if (at) {
		memcpy(at, &list, sizeof(list));
		memcpy(base + field->n_at, &n, sizeof(n));
	}
}

static void clear_text(const struct pl_json_field *field, char *base, const char **at)
{
	if (*at && **at && field->kind == PL_JSON_TEXT)
		set_flag(field, base);
	*at = *at && *at != absent ? cleared : absent;
}

/* Makes members absent. Recursion goes as deep as our own tables nest. */
static void clear_fields(const struct pl_json_field *fields, size_t n, char *base)
{
	for (size_t i = 0; i < n; i++) {
		const struct pl_json_field *field = &fields[i];
		void *at = place(base, field->at);

		if (!at || field->kind == PL_JSON_ANY)
			continue;
		if (field->kind == PL_JSON_TEXT || field->kind == PL_JSON_TIME)
			clear_text(field, base, at);
		else if (field->kind == PL_JSON_BOOL)
			*(bool *)at = false;
		else if (field->kind == PL_JSON_INT64)
			*(int64_t *)at = -1;
		else if (field->kind == PL_JSON_DIGEST)
			memset(at, 0, sizeof(struct pl_digest));
		else if (field->kind == PL_JSON_STRUCT)
			clear_fields(field->table->fields, field->table->n_fields, at);
		else
			set_list(field, base, NULL, 0);
	}
}

/*
 * Refuses a value that is well-formed JSON. Go looks at the syntax of the whole document before anything else, so what
 * is wrong further on comes first.
 */
static int refuse(struct decoder *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct decoder *d, const char *format, ...)
{
	struct pl_json *json = &d->json;
	size_t offset = json->offset;
	va_list args;
	int r = 0;

	while (!r && json->token != PL_JSON_END)
		r = pl_json_next(json, d->reason);
	if (r)
		return r;
	va_start(args, format);
	pl_reason_vset(d->reason, format, args);
	va_end(args);
	pl_reason_prefix(d->reason, "offset %zu", offset);
	return PL_BAD_SYNTAX;
}

static int wrong_type(struct decoder *d, const struct slot *slot)
{
	static const char *const found[] = {
		[PL_JSON_OBJECT] = "object", [PL_JSON_ARRAY] = "array", [PL_JSON_STRING] = "string",
		[PL_JSON_NUMBER] = "number", [PL_JSON_TRUE] = "bool",   [PL_JSON_FALSE] = "bool",
	};
	const char *type = slot->table ? slot->table->name : kinds[slot->kind].go_type;
	const char *list = slot->kind == PL_JSON_STRUCTS ? "[]" : "";
	char path[256] = "";
	size_t at = 0;

	/* the first frame is our own, and a list's name stands in the struct around it */
	for (size_t i = 1; i < d->n_frames && at < sizeof(path); i++)
		if (d->frames[i].table)
			at += (size_t)snprintf(path + at, sizeof(path) - at, "%s%s", at ? "." : "",
					       d->frames[i].field->name);
	return refuse(d, "json: cannot unmarshal %s into Go %s%s of type %s%s", found[d->json.token],
		      at ? "struct field " : "value", path, list, type);
}

static int push(struct decoder *d, struct frame frame)
{
	if (d->n_frames == MAX_FRAMES)
		return -EINVAL;
	d->frames[d->n_frames++] = frame;
	return 0;
}

static size_t element_size(const struct pl_json_field *field)
{
	return field->kind == PL_JSON_STRUCTS ? field->table->size : kinds[field->kind].element_size;
}

/* A list's or map's element, as if it were a member at offset 0. */
static struct pl_json_field element_of(const struct pl_json_field *field)
{
	static const struct pl_json_table nothing = { .name = "struct {}" };

	return (struct pl_json_field){
		.kind = kinds[field->kind].element,
		.table = field->kind == PL_JSON_KEYS ? &nothing : field->table,
	};
}

/* Makes room for one more element; new ones are absent values. */
static int grow(struct decoder *d, const struct frame *frame, char **list)
{
	const struct pl_json_field element = element_of(frame->field);
	size_t size = element_size(frame->field), capacity = frame->n ? 2 * frame->n : 4;
	union list_head *head;
	int r = take_memory(d, capacity + sizeof(*head) / size + 1, size, &head);

	if (r)
		return r;
	head->capacity = capacity;
	if (*list)
		memcpy(head + 1, *list, frame->n * size);
	*list = (char *)(head + 1);
	for (size_t i = frame->n; i < capacity; i++)
		clear_fields(&element, 1, *list + i * size);
	set_list(frame->field, frame->base, *list, frame->n);
	return 0;
}

/* The place of the next element of a list or map; null when nothing is kept. */
static int next_element(struct decoder *d, struct frame *frame, void **out)
{
	char *list = get_list(frame->field, frame->base);
	int r = 0;

	*out = NULL;
	if (place(frame->base, frame->field->at)) {
		if (!list || frame->n == ((union list_head *)(void *)list)[-1].capacity)
			r = grow(d, frame, &list);
		if (r)
			return r;
		*out = list + frame->n * element_size(frame->field);
	}
	frame->n++;
	return 0;
}

static int store_any(struct decoder *d, const struct slot *slot)
{
	(void)slot;
	return pl_json_skip(&d->json, d->reason);
}

static int store_text(struct decoder *d, const struct slot *slot)
{
	const char *text = NULL, *before;
	int r = slot->at ? take_text(d, &text) : 0;

	if (r || !slot->at)
		return r;
	memcpy(&before, slot->at, sizeof(before));
	if (slot->member && before != absent && strcmp(before, text))
		set_flag(slot->member, slot->base);
	memcpy(slot->at, &text, sizeof(text));
	return 0;
}

static int store_time(struct decoder *d, const struct slot *slot)
{
	const struct pl_json *json = &d->json;

	if (!pl_go_is_time(json->raw, json->raw_len))
		return refuse(d, "\"%s\" is no RFC 3339 time",
			      pl_escape(&(struct pl_escaped){ 0 }, json->raw, json->raw_len));
	return store_text(d, &(struct slot){ .at = slot->at });
}

static int store_digest(struct decoder *d, const struct slot *slot)
{
	const char *text = NULL;
	int r = slot->at ? take_text(d, &text) : 0;

	if (r || !slot->at || pl_digest_parse(text, strlen(text), slot->at))
		return r;
	return refuse(d, "\"%s\" is no digest", pl_escape_str(&(struct pl_escaped){ 0 }, text));
}

static int store_bool(struct decoder *d, const struct slot *slot)
{
	if (slot->at)
		*(bool *)slot->at = d->json.token == PL_JSON_TRUE;
	return 0;
}

static int store_int64(struct decoder *d, const struct slot *slot)
{
	int64_t value;

	if (!pl_json_int64(&d->json, &value))
		return wrong_type(d, slot);
	if (slot->at)
		memcpy(slot->at, &value, sizeof(value));
	return 0;
}

static int store_struct(struct decoder *d, const struct slot *slot)
{
	return push(d, (struct frame){ .table = slot->table, .base = slot->at });
}

static int store_list(struct decoder *d, const struct slot *slot)
{
	return push(d, (struct frame){ .field = slot->member, .base = slot->base });
}

/* Docker's own decoder of Entrypoint and Cmd begins a new list each time. */
static int store_list_or_one(struct decoder *d, const struct slot *slot)
{
	struct frame one = { .field = slot->member, .base = slot->base };
	void *at;
	int r;

	set_list(slot->member, slot->base, NULL, 0);
	if (d->json.token == PL_JSON_ARRAY)
		return store_list(d, slot);
	set_flag(slot->member, slot->base);
	r = next_element(d, &one, &at);
	if (!r)
		r = store_text(d, &(struct slot){ .at = at });
	if (!r)
		set_list(slot->member, slot->base, get_list(slot->member, slot->base), 1);
	return r;
}

static int store_map(struct decoder *d, const struct slot *slot)
{
	struct frame map = { .field = slot->member, .base = slot->base };

	if (slot->at)
		memcpy(&map.n, slot->base + slot->member->n_at, sizeof(map.n));
	map.n_before = map.n;
	return push(d, map);
}

#define BIT(token) (1u << (token))
#define LIST .accepts = BIT(PL_JSON_ARRAY), .store = store_list, .null_clears = true
#define MAP .accepts = BIT(PL_JSON_OBJECT), .store = store_map, .null_clears = true

static const struct kind kinds[PL_JSON_PAIRS + 1] = {
	[PL_JSON_ANY] = { .go_type = "any", .accepts = ~0u, .store = store_any },
	[PL_JSON_TEXT] = { .go_type = "string", .accepts = BIT(PL_JSON_STRING), .store = store_text },
	[PL_JSON_BOOL] = { .go_type = "bool", .accepts = BIT(PL_JSON_TRUE) | BIT(PL_JSON_FALSE), .store = store_bool },
	[PL_JSON_INT64] = { .go_type = "int64", .accepts = BIT(PL_JSON_NUMBER), .store = store_int64 },
	[PL_JSON_TIME] = { .go_type = "time.Time",
			   .accepts = BIT(PL_JSON_STRING),
			   .store = store_time,
			   .null_clears = true },
	[PL_JSON_DIGEST] = { .go_type = "digest.Digest", .accepts = BIT(PL_JSON_STRING), .store = store_digest },
	[PL_JSON_STRUCT] = { .go_type = "struct", .accepts = BIT(PL_JSON_OBJECT), .store = store_struct },
	[PL_JSON_TEXTS] = { .go_type = "[]string", .element = PL_JSON_TEXT, .element_size = sizeof(char *), LIST },
	[PL_JSON_TEXTS_OR_ONE] = { .go_type = "[]string",
				   .accepts = BIT(PL_JSON_ARRAY) | BIT(PL_JSON_STRING),
				   .store = store_list_or_one,
				   .element = PL_JSON_TEXT,
				   .element_size = sizeof(char *),
				   .null_clears = true },
	[PL_JSON_DIGESTS] = { .go_type = "[]digest.Digest",
			      .element = PL_JSON_DIGEST,
			      .element_size = sizeof(struct pl_digest),
			      LIST },
	[PL_JSON_STRUCTS] = { .go_type = "[]struct", .element = PL_JSON_STRUCT, LIST },
	[PL_JSON_KEYS] = { .go_type = "map[string]struct {}",
			   .element = PL_JSON_STRUCT,
			   .element_size = sizeof(char *),
			   MAP },
	[PL_JSON_PAIRS] = { .go_type = "map[string]string",
			    .element = PL_JSON_TEXT,
			    .element_size = sizeof(struct pl_pair),
			    MAP },
};

/* A key of a map becomes an element at once; what was there for it before is sorted out when the map ends. */
static int open_map_element(struct decoder *d, struct frame *map, void **value_at)
{
	void *at;
	int r = next_element(d, map, &at);

	*value_at = NULL;
	if (r || !at)
		return r;
	if (map->field->kind == PL_JSON_KEYS) {
		memcpy(at, &map->key, sizeof(map->key));
		return 0;
	}
	*(struct pl_pair *)at = (struct pl_pair){ .key = map->key, .value = absent };
	*value_at = &((struct pl_pair *)at)->value;
	return 0;
}

static int take_key(struct decoder *d)
{
	struct frame *top = &d->frames[d->n_frames - 1];

	if (!top->table)
		return place(top->base, top->field->at) ? take_text(d, &top->key) : 0;
	for (size_t i = 0; i < top->table->n_fields; i++) {
		top->field = &top->table->fields[i];
		if (!pl_json_key_is(&d->json, top->field->name))
			continue;
		if (top->field->kind != PL_JSON_TEXT && top->field->kind != PL_JSON_TEXTS_OR_ONE)
			set_flag(top->field, top->base);
		return 0;
	}
	return pl_json_skip(&d->json, d->reason);
}

static int take_value(struct decoder *d)
{
	struct frame *top = &d->frames[d->n_frames - 1];
	struct pl_json_field element;
	struct slot slot;
	int r;

	if (top->table) {
		slot = (struct slot){ top->field->kind, top->field->table, top->field, top->base,
				      place(top->base, top->field->at) };
	} else {
		element = element_of(top->field);
		slot = (struct slot){ .kind = element.kind, .table = element.table };
		r = top->key ? open_map_element(d, top, &slot.at) : next_element(d, top, &slot.at);
		if (r)
			return r;
	}
	if (d->json.token == PL_JSON_NULL) {
		if (slot.member && (slot.member->pointer || kinds[slot.kind].null_clears))
			clear_fields(slot.member, 1, slot.base);
		return 0;
	}
	if (!(kinds[slot.kind].accepts & BIT(d->json.token)))
		return wrong_type(d, &slot);
	return kinds[slot.kind].store(d, &slot);
}

/* A map's element while it is put in order. */
struct sorted {
	struct pl_pair pair;
	size_t order;
};

static int compare_sorted(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int r = strcmp(x->pair.key, y->pair.key);

	return r ? r : x->order < y->order ? -1 : 1;
}

/* Sorts a map's elements; of those with the same key the last one stays. */
static int sort_map(struct decoder *d, struct frame *map)
{
	size_t size = element_size(map->field), n = map->n;
	char *list = get_list(map->field, map->base);
	struct sorted *sorted;
	int r = take_memory(d, n, sizeof(*sorted), &sorted);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		memcpy(&sorted[i].pair, list + i * size, size);
		sorted[i].order = i;
	}
	qsort(sorted, n, sizeof(*sorted), compare_sorted);
	map->n = 0;
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || strcmp(sorted[i].pair.key, sorted[i + 1].pair.key))
			memcpy(list + map->n++ * size, &sorted[i].pair, size);
	return 0;
}

static int close_frame(struct decoder *d)
{
	struct frame *top = &d->frames[--d->n_frames];
	char *list;
	int r = 0;

	if (top->table || !place(top->base, top->field->at))
		return 0;
	list = get_list(top->field, top->base);
	if (d->json.token == PL_JSON_OBJECT_END && top->n > top->n_before)
		r = sort_map(d, top);
	set_list(top->field, top->base, top->n ? list : NULL, top->n);
	return r;
}

static int decode(const void *bytes, size_t n, enum pl_json_trailing trailing, const struct pl_json_field *root,
		  struct pl_arena *arena, void *out, struct pl_reason *reason)
{
	const struct pl_json_table document = { .fields = root, .n_fields = 1 };
	struct decoder d = {
		.arena = arena,
		.used_before = arena->used_bytes,
		.reason = reason,
		.frames = { { .table = &document, .field = root, .base = out } },
		.n_frames = 1,
	};
	int r;

	clear_fields(root, 1, out);
	pl_json_init(&d.json, bytes, n, trailing);
	do {
		r = pl_json_next(&d.json, reason);
		if (r || d.json.token == PL_JSON_END)
			return r;
		if (d.json.token == PL_JSON_KEY)
			r = take_key(&d);
		else if (d.json.token == PL_JSON_OBJECT_END || d.json.token == PL_JSON_ARRAY_END)
			r = close_frame(&d);
		else
			r = take_value(&d);
	} while (!r);
	return r;
}

int pl_json_decode(const void *bytes, size_t n, enum pl_json_trailing trailing, const struct pl_json_table *table,
		   struct pl_arena *arena, void *out, struct pl_reason *reason)
{
	const struct pl_json_field root = { .kind = PL_JSON_STRUCT, .table = table };

	memset(out, 0, table->size);
	return decode(bytes, n, trailing, &root, arena, out, reason);
}

int pl_json_decode_list(const void *bytes, size_t n, enum pl_json_trailing trailing, const struct pl_json_table *table,
			struct pl_arena *arena, void **items_out, size_t *n_out, struct pl_reason *reason)
{
	struct list {
		void *items;
		size_t n;
	} list = { 0 };
	const struct pl_json_field root = { .kind = PL_JSON_STRUCTS, .table = table, .n_at = offsetof(struct list, n) };
	int r = decode(bytes, n, trailing, &root, arena, &list, reason);

	*items_out = list.items;
	*n_out = list.n;
	return r;
}
