/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses, once, the routines of ISA-L that inflate calls. The library's own dispatchers refer to every routine of every
 * kind, which would put all of them into the program; these refer to those that unpacking gzip needs.
 */
#include <stddef.h>
#include <stdint.h>

#include "igzip_lib.h"

typedef int decode_fn(struct inflate_state *state, uint8_t *start_out);
typedef uint32_t crc_fn(uint32_t seed, const unsigned char *buf, uint64_t len);

/* The portable ones; in igzip_inflate.c and crc_base.c. */
decode_fn decode_huffman_code_block_stateless_base;
crc_fn crc32_gzip_refl_base;

decode_fn decode_huffman_code_block_stateless;
crc_fn crc32_gzip_refl;
uint32_t isal_adler32_bam1(uint32_t adler, const unsigned char *start, uint64_t length);

#if defined(__x86_64__)

decode_fn decode_huffman_code_block_stateless_01;
decode_fn decode_huffman_code_block_stateless_04;
crc_fn crc32_gzip_refl_by8;

static decode_fn *choose_decode(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
		return decode_huffman_code_block_stateless_04;
	if (__builtin_cpu_supports("sse4.1"))
		return decode_huffman_code_block_stateless_01;
	return decode_huffman_code_block_stateless_base;
}

static crc_fn *choose_crc(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("pclmul"))
		return crc32_gzip_refl_by8;
	return crc32_gzip_refl_base;
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

#define ARM64_HWCAP_PMULL (1UL << 4)
#define ARM64_HWCAP_CRC32 (1UL << 7)

decode_fn decode_huffman_code_block_stateless_aarch64;
crc_fn crc32_gzip_refl_crc_ext;
crc_fn crc32_gzip_refl_3crc_fold;

static decode_fn *choose_decode(void)
{
	return decode_huffman_code_block_stateless_aarch64;
}

static crc_fn *choose_crc(void)
{
	unsigned long capabilities = getauxval(AT_HWCAP);

	if (!(capabilities & ARM64_HWCAP_CRC32))
		return crc32_gzip_refl_base;
	return capabilities & ARM64_HWCAP_PMULL ? crc32_gzip_refl_3crc_fold : crc32_gzip_refl_crc_ext;
}

#else

static decode_fn *choose_decode(void)
{
	return decode_huffman_code_block_stateless_base;
}

static crc_fn *choose_crc(void)
{
	return crc32_gzip_refl_base;
}

#endif

/* Two threads that choose at the same time choose the same, so a relaxed store is enough. */

int decode_huffman_code_block_stateless(struct inflate_state *state, uint8_t *start_out)
{
	static decode_fn *chosen;
	decode_fn *fn = __atomic_load_n(&chosen, __ATOMIC_RELAXED);

	if (!fn) {
		fn = choose_decode();
		__atomic_store_n(&chosen, fn, __ATOMIC_RELAXED);
	}
	return fn(state, start_out);
}

uint32_t crc32_gzip_refl(uint32_t seed, const unsigned char *buf, uint64_t len)
{
	static crc_fn *chosen;
	crc_fn *fn = __atomic_load_n(&chosen, __ATOMIC_RELAXED);

	if (!fn) {
		fn = choose_crc();
		__atomic_store_n(&chosen, fn, __ATOMIC_RELAXED);
	}
	return fn(seed, buf, len);
}

/*
 * Adler-32 (RFC 1950) with the low half stored less one, which is how inflate keeps it. Only zlib streams carry it and no
 * image layer is one, so a plain loop will do. The sums of 4096 bytes cannot overflow 32 bits.
 */
uint32_t isal_adler32_bam1(uint32_t adler, const unsigned char *start, uint64_t length)
{
	const uint32_t modulus = 65521;
	uint32_t a = ((adler & 0xffff) + 1) % modulus;
	uint32_t b = adler >> 16;

	while (length > 0) {
		uint64_t n = length < 4096 ? length : 4096;

		for (uint64_t i = 0; i < n; i++) {
			a += start[i];
			b += a;
		}
		a %= modulus;
		b %= modulus;
		start += n;
		length -= n;
	}
	return b << 16 | (a ? a - 1 : modulus - 1);
}

/* These two live in the compressor's sources. */

void isal_gzip_header_init(struct isal_gzip_header *header)
{
	*header = (struct isal_gzip_header){ .os = 0xff };
}

void isal_zlib_header_init(struct isal_zlib_header *header)
{
	*header = (struct isal_zlib_header){ 0 };
}
