// SPDX-License-Identifier: GPL-2.0-only
/*
 * A valid H.264 stream without compression (ITU-T H.264, constrained baseline). In a key picture every macroblock is
 * I_PCM: its samples as they are. In the others, macroblocks that have not changed are skipped. Section and table
 * numbers are the standard's.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "encoder.h"

#define NAL_SLICE 0x61
#define NAL_IDR 0x65
#define NAL_SPS 0x67
#define NAL_PPS 0x68

#define SLICE_P 5
#define SLICE_I 7
/* mb_type of I_PCM in an I slice, and in a P slice (table 7-11; 5 more in a P slice). */
#define I_PCM_IN_I 25
#define I_PCM_IN_P 30

struct writer {
	u8 *at;
	u8 *end;
	u32 byte;
	int bits;
	int zeros;
	bool full;
};

/* With emulation prevention: a 3 breaks what would look like a start code (7.4.1.1). */
static void put_byte(struct writer *writer, u8 value)
{
	if (writer->at + 2 > writer->end) {
		writer->full = true;
		return;
	}
	if (writer->zeros >= 2 && value <= 3) {
		*writer->at++ = 3;
		writer->zeros = 0;
	}
	*writer->at++ = value;
	writer->zeros = value ? 0 : writer->zeros + 1;
}

static void put_bits(struct writer *writer, int count, u32 value)
{
	while (count--) {
		writer->byte = (writer->byte << 1) | ((value >> count) & 1);
		if (++writer->bits == 8) {
			put_byte(writer, writer->byte);
			writer->byte = 0;
			writer->bits = 0;
		}
	}
}

/* ue(v), an Exp-Golomb code (9.1). */
static void put_ue(struct writer *writer, u32 value)
{
	int length = fls(value + 1);

	put_bits(writer, length - 1, 0);
	put_bits(writer, length, value + 1);
}

static void align_with_zeros(struct writer *writer)
{
	while (writer->bits)
		put_bits(writer, 1, 0);
}

static void begin_nal(struct writer *writer, u8 header)
{
	static const u8 start_code[] = { 0, 0, 0, 1 };

	if (writer->at + 5 > writer->end) {
		writer->full = true;
		return;
	}
	memcpy(writer->at, start_code, sizeof(start_code));
	writer->at += sizeof(start_code);
	*writer->at++ = header;
	writer->zeros = 0;
	writer->byte = 0;
	writer->bits = 0;
}

/* rbsp_trailing_bits (7.3.2.11). */
static void end_nal(struct writer *writer)
{
	put_bits(writer, 1, 1);
	align_with_zeros(writer);
}

/* 7.3.2.1.1 */
static void put_sps(struct writer *writer, const struct fake_stream *stream)
{
	u32 across = DIV_ROUND_UP(stream->raw.width, 16), down = DIV_ROUND_UP(stream->raw.height, 16);
	u32 width = stream->crop.width ? stream->crop.width : stream->raw.width;
	u32 height = stream->crop.height ? stream->crop.height : stream->raw.height;
	bool cropped = across * 16 != width || down * 16 != height;

	begin_nal(writer, NAL_SPS);
	put_bits(writer, 8, 66);	/* baseline, */
	put_bits(writer, 8, 0xc0);	/* constrained */
	put_bits(writer, 8, stream->level);
	put_ue(writer, 0);		/* seq_parameter_set_id */
	put_ue(writer, 4);		/* log2_max_frame_num - 4 */
	put_ue(writer, 2);		/* pic_order_cnt_type: as decoded */
	put_ue(writer, 1);		/* max_num_ref_frames */
	put_bits(writer, 1, 0);		/* no gaps in frame_num */
	put_ue(writer, across - 1);
	put_ue(writer, down - 1);
	put_bits(writer, 1, 1);		/* frame_mbs_only */
	put_bits(writer, 1, 1);		/* direct_8x8_inference */
	put_bits(writer, 1, cropped);
	if (cropped) {
		put_ue(writer, 0);
		put_ue(writer, (across * 16 - width) / 2);
		put_ue(writer, 0);
		put_ue(writer, (down * 16 - height) / 2);
	}
	put_bits(writer, 1, 0);		/* no VUI */
	end_nal(writer);
}

/* 7.3.2.2 */
static void put_pps(struct writer *writer)
{
	begin_nal(writer, NAL_PPS);
	put_ue(writer, 0);		/* pic_parameter_set_id */
	put_ue(writer, 0);		/* seq_parameter_set_id */
	put_bits(writer, 1, 0);		/* CAVLC */
	put_bits(writer, 1, 0);		/* no more of the picture order count */
	put_ue(writer, 0);		/* one slice group */
	put_ue(writer, 0);		/* one reference in list 0, */
	put_ue(writer, 0);		/* and in list 1 */
	put_bits(writer, 3, 0);		/* no weighted prediction */
	put_ue(writer, 0);		/* pic_init_qp, */
	put_ue(writer, 0);		/* pic_init_qs, */
	put_ue(writer, 0);		/* chroma_qp_index_offset: as they are */
	put_bits(writer, 1, 1);		/* slices say how they are deblocked */
	put_bits(writer, 1, 0);
	put_bits(writer, 1, 0);
	end_nal(writer);
}

/* 7.3.3 */
static void begin_slice(struct writer *writer, const struct fake_stream *stream, bool key)
{
	begin_nal(writer, key ? NAL_IDR : NAL_SLICE);
	put_ue(writer, 0);		/* first_mb_in_slice */
	put_ue(writer, key ? SLICE_I : SLICE_P);
	put_ue(writer, 0);		/* pic_parameter_set_id */
	put_bits(writer, 8, stream->frame_number & 0xff);
	if (key)
		put_ue(writer, stream->key_number);
	else
		put_bits(writer, 2, 0);	/* as many references as the PPS says, in their order */
	put_bits(writer, key ? 2 : 1, 0); /* reference marking (7.3.3.3): nothing kept for long */
	put_ue(writer, 0);		/* slice_qp_delta */
	put_ue(writer, 1);		/* not deblocked */
}

static void put_plane(struct writer *writer, const u8 *from, u32 pitch, u32 step, u32 x, u32 y, u32 side,
		      u32 width, u32 height)
{
	u32 row, column;

	for (row = 0; row < side; row++) {
		const u8 *line = from + min(y + row, height - 1) * pitch;

		for (column = 0; column < side; column++)
			put_byte(writer, line[min(x + column, width - 1) * step]);
	}
}

/* The samples of a macroblock; its place is counted in macroblocks. */
static void put_samples(struct writer *writer, const struct fake_queue *raw, const u8 *luma, u32 across, u32 down)
{
	const u8 *chroma = luma + raw->bytesperline * raw->height;
	u32 width = raw->width / 2, height = raw->height / 2, plane;

	align_with_zeros(writer);
	put_plane(writer, luma, raw->bytesperline, 1, across * 16, down * 16, 16, raw->width, raw->height);
	for (plane = 0; plane < 2; plane++) {
		if (raw->fourcc == V4L2_PIX_FMT_NV12)
			put_plane(writer, chroma + plane, raw->bytesperline, 2, across * 8, down * 8, 8, width, height);
		else
			put_plane(writer, chroma + plane * (raw->bytesperline / 2) * height, raw->bytesperline / 2, 1,
				  across * 8, down * 8, 8, width, height);
	}
}

static bool rows_differ(const u8 *now, const u8 *then, u32 pitch, u32 rows, u32 bytes)
{
	while (rows--) {
		if (memcmp(now, then, bytes))
			return true;
		now += pitch;
		then += pitch;
	}
	return false;
}

static bool has_changed(const struct fake_queue *raw, const u8 *now, const u8 *then, u32 across, u32 down)
{
	u32 pitch = raw->bytesperline, half = pitch / 2, chroma = pitch * raw->height, at;
	u32 bytes = min(16U, raw->width - across * 16);
	u32 rows = min(16U, raw->height - down * 16);
	u32 small = rows / 2;

	at = down * 16 * pitch + across * 16;
	if (rows_differ(now + at, then + at, pitch, rows, bytes))
		return true;
	if (raw->fourcc == V4L2_PIX_FMT_NV12) {
		at = chroma + down * 8 * pitch + across * 16;
		return rows_differ(now + at, then + at, pitch, small, bytes);
	}
	at = chroma + down * 8 * half + across * 8;
	if (rows_differ(now + at, then + at, half, small, bytes / 2))
		return true;
	at += half * (raw->height / 2);
	return rows_differ(now + at, then + at, half, small, bytes / 2);
}

static void put_macroblocks(struct writer *writer, const struct fake_stream *stream, const u8 *picture, bool key)
{
	const struct fake_queue *raw = &stream->raw;
	u32 across, down, skipped = 0;

	for (down = 0; down < DIV_ROUND_UP(raw->height, 16); down++) {
		for (across = 0; across < DIV_ROUND_UP(raw->width, 16); across++) {
			if (key) {
				put_ue(writer, I_PCM_IN_I);
			} else if (has_changed(raw, picture, stream->last, across, down)) {
				put_ue(writer, skipped);
				put_ue(writer, I_PCM_IN_P);
				skipped = 0;
			} else {
				skipped++;
				continue;
			}
			put_samples(writer, raw, picture, across, down);
		}
	}
	if (skipped)
		put_ue(writer, skipped);
	end_nal(writer);
}

/* One picture as an access unit; its length, or a negative error where there is no room for it. */
int fake_encode(struct fake_stream *stream, const u8 *picture, u8 *to, u32 room, bool *key)
{
	struct writer writer = { .at = to, .end = to + room };

	*key = !stream->has_last || stream->force_key ||
	       (stream->key_interval && stream->since_key >= stream->key_interval);
	if (*key) {
		stream->force_key = false;
		stream->since_key = 0;
		stream->frame_number = 0;
		stream->key_number ^= 1;	/* idr_pic_id differs between neighbours (7.4.3) */
		put_sps(&writer, stream);
		put_pps(&writer);
	}
	begin_slice(&writer, stream, *key);
	put_macroblocks(&writer, stream, picture, *key);
	if (writer.full)
		return -ENOSPC;
	memcpy(stream->last, picture, stream->raw.size);
	stream->has_last = true;
	stream->since_key++;
	stream->frame_number++;
	return writer.at - to;
}
