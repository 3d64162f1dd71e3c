// SPDX-License-Identifier: GPL-2.0-only
/* What user space may ask and set: formats, sizes, crop, rate, and the end of a stream. */
#include <linux/kernel.h>
#include <linux/string.h>
#include <media/v4l2-event.h>
#include <media/videobuf2-v4l2.h>

#include "encoder.h"

const struct v4l2_event fake_end = { .type = V4L2_EVENT_EOS };

static int query_capabilities(struct file *file, void *unused, struct v4l2_capability *capability)
{
	strscpy(capability->driver, FAKE_NAME, sizeof(capability->driver));
	strscpy(capability->card, FAKE_NAME, sizeof(capability->card));
	strscpy(capability->bus_info, "platform:" FAKE_NAME, sizeof(capability->bus_info));
	return 0;
}

static int enumerate_raw(struct file *file, void *unused, struct v4l2_fmtdesc *format)
{
	static const u32 formats[] = { V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12 };

	if (format->index >= ARRAY_SIZE(formats))
		return -EINVAL;
	format->pixelformat = formats[format->index];
	return 0;
}

static int enumerate_coded(struct file *file, void *unused, struct v4l2_fmtdesc *format)
{
	if (format->index)
		return -EINVAL;
	format->pixelformat = V4L2_PIX_FMT_H264;
	format->flags |= V4L2_FMT_FLAG_COMPRESSED;
	return 0;
}

void fake_fill(struct fake_queue *queue, u32 width, u32 height, u32 fourcc)
{
	queue->width = clamp(round_down(width, 2), FAKE_LEAST, FAKE_MOST);
	queue->height = clamp(round_down(height, 2), FAKE_LEAST, FAKE_MOST);
	queue->fourcc = fourcc;
	if (fourcc == V4L2_PIX_FMT_H264) {
		/* Samples as they are, emulation prevention, and the parameter sets. */
		queue->bytesperline = 0;
		queue->size = ALIGN(queue->width, 16) * ALIGN(queue->height, 16) * 2 + 65536;
	} else {
		queue->bytesperline = queue->width;
		queue->size = queue->width * queue->height * 3 / 2;
	}
}

static void asked(const struct v4l2_format *format, u32 *width, u32 *height, u32 *fourcc)
{
	if (V4L2_TYPE_IS_MULTIPLANAR(format->type)) {
		*width = format->fmt.pix_mp.width;
		*height = format->fmt.pix_mp.height;
		*fourcc = format->fmt.pix_mp.pixelformat;
	} else {
		*width = format->fmt.pix.width;
		*height = format->fmt.pix.height;
		*fourcc = format->fmt.pix.pixelformat;
	}
}

/* The colours are those of the stream, or those that are asked for: this encoder takes any. */
static void answer(const struct fake_stream *stream, const struct fake_queue *queue, struct v4l2_format *format,
		   bool asked_colours)
{
	struct v4l2_pix_format_mplane *planes = &format->fmt.pix_mp;
	struct v4l2_pix_format *plain = &format->fmt.pix;

	if (V4L2_TYPE_IS_MULTIPLANAR(format->type)) {
		planes->width = queue->width;
		planes->height = queue->height;
		planes->pixelformat = queue->fourcc;
		planes->field = V4L2_FIELD_NONE;
		planes->num_planes = 1;
		planes->plane_fmt[0].bytesperline = queue->bytesperline;
		planes->plane_fmt[0].sizeimage = queue->size;
		if (asked_colours)
			return;
		planes->colorspace = stream->colorspace;
		planes->xfer_func = stream->transfer;
		planes->ycbcr_enc = stream->encoding;
		planes->quantization = stream->quantization;
	} else {
		plain->width = queue->width;
		plain->height = queue->height;
		plain->pixelformat = queue->fourcc;
		plain->field = V4L2_FIELD_NONE;
		plain->bytesperline = queue->bytesperline;
		plain->sizeimage = queue->size;
		if (asked_colours)
			return;
		plain->colorspace = stream->colorspace;
		plain->xfer_func = stream->transfer;
		plain->ycbcr_enc = stream->encoding;
		plain->quantization = stream->quantization;
	}
}

static void remember_colours(struct fake_stream *stream, const struct v4l2_format *format)
{
	bool planes = V4L2_TYPE_IS_MULTIPLANAR(format->type);

	stream->colorspace = planes ? format->fmt.pix_mp.colorspace : format->fmt.pix.colorspace;
	stream->transfer = planes ? format->fmt.pix_mp.xfer_func : format->fmt.pix.xfer_func;
	stream->encoding = planes ? format->fmt.pix_mp.ycbcr_enc : format->fmt.pix.ycbcr_enc;
	stream->quantization = planes ? format->fmt.pix_mp.quantization : format->fmt.pix.quantization;
}

/* What would be taken for what is asked. */
static void nearest(struct fake_stream *stream, const struct v4l2_format *format, struct fake_queue *queue, bool set)
{
	bool raw = V4L2_TYPE_IS_OUTPUT(format->type);
	u32 width, height, fourcc;

	asked(format, &width, &height, &fourcc);
	if (!raw)
		fourcc = V4L2_PIX_FMT_H264;
	else if (fourcc != V4L2_PIX_FMT_NV12)
		fourcc = V4L2_PIX_FMT_YUV420;
	if (!raw && set) {
		width = stream->raw.width;
		height = stream->raw.height;
	}
	fake_fill(queue, width, height, fourcc);
}

static int get_format(struct file *file, void *unused, struct v4l2_format *format)
{
	struct fake_stream *stream = fake_stream(file);

	if (V4L2_TYPE_IS_MULTIPLANAR(format->type) != fake_multiplanar)
		return -EINVAL;
	answer(stream, fake_queue(stream, format->type), format, false);
	return 0;
}

static int try_format(struct file *file, void *unused, struct v4l2_format *format)
{
	struct fake_stream *stream = fake_stream(file);
	struct fake_queue queue;

	if (V4L2_TYPE_IS_MULTIPLANAR(format->type) != fake_multiplanar)
		return -EINVAL;
	nearest(stream, format, &queue, false);
	answer(stream, &queue, format, V4L2_TYPE_IS_OUTPUT(format->type));
	return 0;
}

static int set_format(struct file *file, void *unused, struct v4l2_format *format)
{
	struct fake_stream *stream = fake_stream(file);
	struct fake_queue queue;
	u32 room = stream->coded.size;

	if (V4L2_TYPE_IS_MULTIPLANAR(format->type) != fake_multiplanar)
		return -EINVAL;
	if (vb2_is_busy(v4l2_m2m_get_vq(stream->fh.m2m_ctx, format->type)))
		return -EBUSY;
	nearest(stream, format, &queue, true);
	queue.sequence = 0;
	*fake_queue(stream, format->type) = queue;
	if (V4L2_TYPE_IS_OUTPUT(format->type)) {
		remember_colours(stream, format);
		stream->crop = (struct v4l2_rect){ 0, 0, queue.width, queue.height };
		fake_fill(&stream->coded, queue.width, queue.height, V4L2_PIX_FMT_H264);
		/* User space may have asked for its size already. */
		stream->coded.size = max(stream->coded.size, room);
	}
	answer(stream, &queue, format, false);
	return 0;
}

static int enumerate_sizes(struct file *file, void *unused, struct v4l2_frmsizeenum *size)
{
	if (size->index || (size->pixel_format != V4L2_PIX_FMT_H264 && size->pixel_format != V4L2_PIX_FMT_YUV420 &&
			    size->pixel_format != V4L2_PIX_FMT_NV12))
		return -EINVAL;
	size->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	size->stepwise = (struct v4l2_frmsize_stepwise){ FAKE_LEAST, FAKE_MOST, 2, FAKE_LEAST, FAKE_MOST, 2 };
	return 0;
}

static int get_selection(struct file *file, void *unused, struct v4l2_selection *selection)
{
	struct fake_stream *stream = fake_stream(file);

	if (selection->type != V4L2_BUF_TYPE_VIDEO_OUTPUT)
		return -EINVAL;
	switch (selection->target) {
	case V4L2_SEL_TGT_CROP:
		selection->r = stream->crop;
		return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		selection->r = (struct v4l2_rect){ 0, 0, stream->raw.width, stream->raw.height };
		return 0;
	}
	return -EINVAL;
}

static int set_selection(struct file *file, void *unused, struct v4l2_selection *selection)
{
	struct fake_stream *stream = fake_stream(file);

	if (selection->type != V4L2_BUF_TYPE_VIDEO_OUTPUT || selection->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	selection->r.left = 0;
	selection->r.top = 0;
	selection->r.width = clamp(selection->r.width, FAKE_LEAST, stream->raw.width);
	selection->r.height = clamp(selection->r.height, FAKE_LEAST, stream->raw.height);
	stream->crop = selection->r;
	return 0;
}

static int get_rate(struct file *file, void *unused, struct v4l2_streamparm *parameters)
{
	if (!V4L2_TYPE_IS_OUTPUT(parameters->type))
		return -EINVAL;
	parameters->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	parameters->parm.output.timeperframe = fake_stream(file)->interval;
	return 0;
}

static int set_rate(struct file *file, void *unused, struct v4l2_streamparm *parameters)
{
	const struct v4l2_fract *interval = &parameters->parm.output.timeperframe;

	if (V4L2_TYPE_IS_OUTPUT(parameters->type) && interval->numerator && interval->denominator)
		fake_stream(file)->interval = *interval;
	return get_rate(file, unused, parameters);
}

static int command(struct file *file, void *unused, struct v4l2_encoder_cmd *command)
{
	struct v4l2_m2m_ctx *m2m = fake_stream(file)->fh.m2m_ctx;
	int status = v4l2_m2m_ioctl_try_encoder_cmd(file, unused, command);

	if (status < 0)
		return status;
	if (!vb2_is_streaming(&m2m->cap_q_ctx.q) || !vb2_is_streaming(&m2m->out_q_ctx.q))
		return 0;
	status = v4l2_m2m_ioctl_encoder_cmd(file, unused, command);
	if (status < 0)
		return status;
	if (command->cmd == V4L2_ENC_CMD_STOP && v4l2_m2m_has_stopped(m2m))
		v4l2_event_queue_fh(&fake_stream(file)->fh, &fake_end);
	if (command->cmd == V4L2_ENC_CMD_START && v4l2_m2m_has_stopped(m2m))
		vb2_clear_last_buffer_dequeued(&m2m->cap_q_ctx.q);
	return 0;
}

static int subscribe(struct v4l2_fh *fh, const struct v4l2_event_subscription *subscription)
{
	if (subscription->type == V4L2_EVENT_EOS)
		return v4l2_event_subscribe(fh, subscription, 0, NULL);
	return v4l2_ctrl_subscribe_event(fh, subscription);
}

const struct v4l2_ioctl_ops fake_ioctls = {
	.vidioc_querycap = query_capabilities,
	.vidioc_enum_fmt_vid_out = enumerate_raw,
	.vidioc_enum_fmt_vid_cap = enumerate_coded,
	.vidioc_g_fmt_vid_out = get_format,
	.vidioc_g_fmt_vid_cap = get_format,
	.vidioc_g_fmt_vid_out_mplane = get_format,
	.vidioc_g_fmt_vid_cap_mplane = get_format,
	.vidioc_try_fmt_vid_out = try_format,
	.vidioc_try_fmt_vid_cap = try_format,
	.vidioc_try_fmt_vid_out_mplane = try_format,
	.vidioc_try_fmt_vid_cap_mplane = try_format,
	.vidioc_s_fmt_vid_out = set_format,
	.vidioc_s_fmt_vid_cap = set_format,
	.vidioc_s_fmt_vid_out_mplane = set_format,
	.vidioc_s_fmt_vid_cap_mplane = set_format,
	.vidioc_enum_framesizes = enumerate_sizes,
	.vidioc_g_selection = get_selection,
	.vidioc_s_selection = set_selection,
	.vidioc_g_parm = get_rate,
	.vidioc_s_parm = set_rate,
	.vidioc_reqbufs = v4l2_m2m_ioctl_reqbufs,
	.vidioc_querybuf = v4l2_m2m_ioctl_querybuf,
	.vidioc_qbuf = v4l2_m2m_ioctl_qbuf,
	.vidioc_dqbuf = v4l2_m2m_ioctl_dqbuf,
	.vidioc_prepare_buf = v4l2_m2m_ioctl_prepare_buf,
	.vidioc_create_bufs = v4l2_m2m_ioctl_create_bufs,
	.vidioc_expbuf = v4l2_m2m_ioctl_expbuf,
	.vidioc_streamon = v4l2_m2m_ioctl_streamon,
	.vidioc_streamoff = v4l2_m2m_ioctl_streamoff,
	.vidioc_try_encoder_cmd = v4l2_m2m_ioctl_try_encoder_cmd,
	.vidioc_encoder_cmd = command,
	.vidioc_subscribe_event = subscribe,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};
