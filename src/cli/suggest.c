/* SPDX-License-Identifier: Apache-2.0 */
/* Which word was meant. */
#include "cli.h"

#include <string.h>

#define LONGEST_WORD 48

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance; both words are shorter than LONGEST_WORD. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[LONGEST_WORD + 1];
	size_t n = strlen(b);

	for (unsigned int i = 0; i <= n; i++)
		row[i] = i;
	for (unsigned int i = 1; *a; i++, a++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (*a != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *pl_suggest(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	/* a third of the letters may be wrong */
	unsigned int closest = (unsigned int)strlen(word) / 3 + 1;

	if (strlen(word) >= LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned int d = strlen(words[i]) < LONGEST_WORD ? distance(word, words[i]) : UINT32_MAX;

		if (d <= closest && (!best || d < closest)) {
			closest = d;
			best = words[i];
		}
	}
	return best;
}
