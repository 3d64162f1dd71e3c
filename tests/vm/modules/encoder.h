/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the virtual encoder share. */
#ifndef FAKE_H264_ENCODER_H
#define FAKE_H264_ENCODER_H

#include <linux/types.h>
#include <linux/videodev2.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-fh.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-mem2mem.h>

#define FAKE_NAME "fake-h264-enc"

/* Sides of a picture, pixels. */
#define FAKE_LEAST 32U
#define FAKE_MOST 1920U

/* One side of the encoder: raw pictures in, H.264 out. */
struct fake_queue {
	u32 fourcc;
	u32 width;
	u32 height;
	u32 bytesperline;
	u32 size;
	u32 sequence;
};

struct fake_device {
	struct v4l2_device v4l2;
	struct video_device video;
	struct mutex mutex;
	struct v4l2_m2m_dev *m2m;
};

/* One opening of the device: one stream. */
struct fake_stream {
	struct v4l2_fh fh;
	struct fake_device *device;
	struct v4l2_ctrl_handler controls;
	struct fake_queue raw;
	struct fake_queue coded;
	struct v4l2_rect crop;
	struct v4l2_fract interval;
	u32 colorspace;
	u32 transfer;
	u32 encoding;
	u32 quantization;

	/* What the controls say. */
	bool force_key;
	u32 key_interval;
	u32 level;

	/* Where the stream is. */
	u8 *last;		/* the picture before this one, raw */
	bool has_last;
	u32 since_key;
	u32 frame_number;
	u32 key_number;
	u32 pictures;
};

static inline struct fake_stream *fake_stream(struct file *file)
{
	return container_of(file->private_data, struct fake_stream, fh);
}

static inline struct fake_queue *fake_queue(struct fake_stream *stream, u32 type)
{
	return V4L2_TYPE_IS_OUTPUT(type) ? &stream->raw : &stream->coded;
}

/* formats.c */
extern const struct v4l2_ioctl_ops fake_ioctls;
extern const struct v4l2_event fake_end;
extern bool fake_multiplanar;
void fake_fill(struct fake_queue *queue, u32 width, u32 height, u32 fourcc);

/* bitstream.c */
int fake_encode(struct fake_stream *stream, const u8 *picture, u8 *to, u32 room, bool *key);

#endif
