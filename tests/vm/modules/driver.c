// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual V4L2 encoder for tests, with the shape of a Raspberry Pi's: a memory-to-memory device, multi-planar, raw
 * YU12 or NV12 in and H.264 out, with the same controls, so that GStreamer makes "v4l2h264enc" of it. It has no rate
 * control: what is set is noted and not obeyed.
 *
 * Parameters (some only to be read), in /sys/module/fake_h264_enc/parameters:
 *   multiplanar    0: single-planar
 *   fail_after     N: the pictures of a stream after its first N come back as errors; 0: none does
 *   stall_after    N: a stream gives nothing more after its first N pictures; 0: it goes on
 *   last_bitrate   what the bitrate control was set to last, bits per second
 *   frames_total   pictures that were encoded
 *   keys_total     key pictures among them
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <media/v4l2-event.h>
#include <media/videobuf2-vmalloc.h>

#include "encoder.h"

MODULE_DESCRIPTION("Virtual H.264 encoder for tests");
MODULE_LICENSE("GPL");

/* Where the Pi's is. */
#define NODE 11

bool fake_multiplanar = true;
module_param_named(multiplanar, fake_multiplanar, bool, 0444);
static unsigned int fail_after;
module_param(fail_after, uint, 0644);
static unsigned int stall_after;
module_param(stall_after, uint, 0644);
static unsigned int last_bitrate;
module_param(last_bitrate, uint, 0444);
static unsigned int frames_total;
module_param(frames_total, uint, 0444);
static unsigned int keys_total;
module_param(keys_total, uint, 0444);

static struct platform_device *platform;

/* Jobs: a raw buffer and one for what becomes of it. */

static int job_ready(void *private)
{
	struct fake_stream *stream = private;

	return !stall_after || stream->pictures < stall_after;
}

static void run_job(void *private)
{
	struct fake_stream *stream = private;
	struct v4l2_m2m_ctx *m2m = stream->fh.m2m_ctx;
	struct vb2_v4l2_buffer *raw = v4l2_m2m_src_buf_remove(m2m), *coded = v4l2_m2m_dst_buf_remove(m2m);
	enum vb2_buffer_state state = VB2_BUF_STATE_DONE;
	bool key = false;
	int length;

	v4l2_m2m_buf_copy_metadata(raw, coded, false);
	length = fake_encode(stream, vb2_plane_vaddr(&raw->vb2_buf, 0), vb2_plane_vaddr(&coded->vb2_buf, 0),
			     vb2_plane_size(&coded->vb2_buf, 0), &key);
	stream->pictures++;
	if (length < 0 || (fail_after && stream->pictures > fail_after)) {
		length = 0;
		state = VB2_BUF_STATE_ERROR;
	} else {
		frames_total++;
		keys_total += key;
	}
	vb2_set_plane_payload(&coded->vb2_buf, 0, length);
	coded->flags &= ~(V4L2_BUF_FLAG_LAST | V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME);
	coded->flags |= key ? V4L2_BUF_FLAG_KEYFRAME : V4L2_BUF_FLAG_PFRAME;
	raw->sequence = stream->raw.sequence++;
	coded->sequence = stream->coded.sequence++;
	if (v4l2_m2m_is_last_draining_src_buf(m2m, raw)) {
		coded->flags |= V4L2_BUF_FLAG_LAST;
		v4l2_event_queue_fh(&stream->fh, &fake_end);
		v4l2_m2m_mark_stopped(m2m);
	}
	v4l2_m2m_buf_done(raw, state);
	v4l2_m2m_buf_done(coded, state);
	v4l2_m2m_job_finish(stream->device->m2m, m2m);
}

static const struct v4l2_m2m_ops jobs = {
	.job_ready = job_ready,
	.device_run = run_job,
};

/* Queues of buffers. */

static int queue_setup(struct vb2_queue *queue, unsigned int *buffers, unsigned int *planes, unsigned int sizes[],
		       struct device *devices[])
{
	u32 size = fake_queue(vb2_get_drv_priv(queue), queue->type)->size;

	if (*planes)
		return sizes[0] < size ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = size;
	return 0;
}

static int buffer_out_validate(struct vb2_buffer *buffer)
{
	to_vb2_v4l2_buffer(buffer)->field = V4L2_FIELD_NONE;
	return 0;
}

static int buffer_prepare(struct vb2_buffer *buffer)
{
	struct fake_stream *stream = vb2_get_drv_priv(buffer->vb2_queue);

	return vb2_plane_size(buffer, 0) < fake_queue(stream, buffer->vb2_queue->type)->size ? -EINVAL : 0;
}

static void buffer_queue(struct vb2_buffer *buffer)
{
	struct vb2_v4l2_buffer *own = to_vb2_v4l2_buffer(buffer);
	struct fake_stream *stream = vb2_get_drv_priv(buffer->vb2_queue);
	struct v4l2_m2m_ctx *m2m = stream->fh.m2m_ctx;

	if (V4L2_TYPE_IS_CAPTURE(buffer->vb2_queue->type) && vb2_is_streaming(buffer->vb2_queue) &&
	    v4l2_m2m_dst_buf_is_last(m2m)) {
		vb2_set_plane_payload(buffer, 0, 0);
		own->field = V4L2_FIELD_NONE;
		own->sequence = stream->coded.sequence++;
		v4l2_m2m_last_buffer_done(m2m, own);
		v4l2_event_queue_fh(&stream->fh, &fake_end);
		return;
	}
	v4l2_m2m_buf_queue(m2m, own);
}

static int start_streaming(struct vb2_queue *queue, unsigned int count)
{
	struct fake_stream *stream = vb2_get_drv_priv(queue);

	v4l2_m2m_update_start_streaming_state(stream->fh.m2m_ctx, queue);
	fake_queue(stream, queue->type)->sequence = 0;
	if (V4L2_TYPE_IS_CAPTURE(queue->type))
		return 0;
	kvfree(stream->last);
	stream->has_last = false;
	stream->pictures = 0;
	stream->last = kvmalloc(stream->raw.size, GFP_KERNEL);
	return stream->last ? 0 : -ENOMEM;
}

static void stop_streaming(struct vb2_queue *queue)
{
	struct fake_stream *stream = vb2_get_drv_priv(queue);
	struct v4l2_m2m_ctx *m2m = stream->fh.m2m_ctx;
	bool raw = V4L2_TYPE_IS_OUTPUT(queue->type);
	struct vb2_v4l2_buffer *buffer;

	while ((buffer = raw ? v4l2_m2m_src_buf_remove(m2m) : v4l2_m2m_dst_buf_remove(m2m)))
		v4l2_m2m_buf_done(buffer, VB2_BUF_STATE_ERROR);
	v4l2_m2m_update_stop_streaming_state(m2m, queue);
	if (raw && v4l2_m2m_has_stopped(m2m))
		v4l2_event_queue_fh(&stream->fh, &fake_end);
}

static const struct vb2_ops queue_ops = {
	.queue_setup = queue_setup,
	.buf_out_validate = buffer_out_validate,
	.buf_prepare = buffer_prepare,
	.buf_queue = buffer_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

static int init_queue(struct fake_stream *stream, struct vb2_queue *queue, u32 plain, u32 planes)
{
	queue->type = fake_multiplanar ? planes : plain;
	queue->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF;
	queue->drv_priv = stream;
	queue->buf_struct_size = sizeof(struct v4l2_m2m_buffer);
	queue->ops = &queue_ops;
	queue->mem_ops = &vb2_vmalloc_memops;
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
	queue->lock = &stream->device->mutex;
	return vb2_queue_init(queue);
}

static int init_queues(void *private, struct vb2_queue *raw, struct vb2_queue *coded)
{
	int status = init_queue(private, raw, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE);

	if (status)
		return status;
	return init_queue(private, coded, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE);
}

/* Controls, as the Pi's driver has them. */

static int set_control(struct v4l2_ctrl *control)
{
	/* level_idc of each entry of the menu. */
	static const u8 levels[] = { 10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51 };
	struct fake_stream *stream = container_of(control->handler, struct fake_stream, controls);

	switch (control->id) {
	case V4L2_CID_MPEG_VIDEO_BITRATE:
		last_bitrate = control->val;
		break;
	case V4L2_CID_MPEG_VIDEO_H264_I_PERIOD:
		stream->key_interval = control->val;
		break;
	case V4L2_CID_MPEG_VIDEO_H264_LEVEL:
		stream->level = levels[min_t(u32, control->val, ARRAY_SIZE(levels) - 1)];
		break;
	case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME:
		stream->force_key = true;
		break;
	}
	return 0;
}

static const struct v4l2_ctrl_ops control_ops = { .s_ctrl = set_control };

static int init_controls(struct fake_stream *stream)
{
	struct v4l2_ctrl_handler *controls = &stream->controls;
	u64 profiles = BIT(V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE) |
		       BIT(V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE) |
		       BIT(V4L2_MPEG_VIDEO_H264_PROFILE_MAIN) | BIT(V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);

	v4l2_ctrl_handler_init(controls, 11);
	v4l2_ctrl_new_std_menu(controls, &control_ops, V4L2_CID_MPEG_VIDEO_BITRATE_MODE,
			       V4L2_MPEG_VIDEO_BITRATE_MODE_CBR, 0, V4L2_MPEG_VIDEO_BITRATE_MODE_VBR);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_BITRATE, 25000, 25000000, 25000, 10000000);
	v4l2_ctrl_new_std_menu(controls, &control_ops, V4L2_CID_MPEG_VIDEO_HEADER_MODE,
			       V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
			       V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 0, 1, 1, 0);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, 0x7fffffff, 1, 60);
	v4l2_ctrl_new_std_menu(controls, &control_ops, V4L2_CID_MPEG_VIDEO_H264_LEVEL,
			       V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0, V4L2_MPEG_VIDEO_H264_LEVEL_4_0);
	v4l2_ctrl_new_std_menu(controls, &control_ops, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
			       V4L2_MPEG_VIDEO_H264_PROFILE_HIGH, ~profiles, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0, 51, 1, 20);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 0, 51, 1, 51);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0, 0, 0, 0);
	v4l2_ctrl_new_std(controls, &control_ops, V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 1, 1, 1, 1);
	if (controls->error)
		return controls->error;
	stream->fh.ctrl_handler = controls;
	return v4l2_ctrl_handler_setup(controls);
}

/* The device. */

static void free_stream(struct fake_stream *stream)
{
	v4l2_ctrl_handler_free(&stream->controls);
	v4l2_fh_exit(&stream->fh);
	kvfree(stream->last);
	kfree(stream);
}

static int open_device(struct file *file)
{
	struct fake_device *device = video_drvdata(file);
	struct fake_stream *stream = kzalloc(sizeof(*stream), GFP_KERNEL);
	int status;

	if (!stream)
		return -ENOMEM;
	v4l2_fh_init(&stream->fh, video_devdata(file));
	file->private_data = &stream->fh;
	stream->device = device;
	stream->interval = (struct v4l2_fract){ 1, 30 };
	stream->colorspace = V4L2_COLORSPACE_REC709;
	fake_fill(&stream->raw, 640, 480, V4L2_PIX_FMT_YUV420);
	fake_fill(&stream->coded, 640, 480, V4L2_PIX_FMT_H264);
	stream->crop = (struct v4l2_rect){ 0, 0, 640, 480 };
	status = init_controls(stream);
	stream->force_key = false;
	if (status) {
		free_stream(stream);
		return status;
	}
	stream->fh.m2m_ctx = v4l2_m2m_ctx_init(device->m2m, stream, &init_queues);
	if (IS_ERR(stream->fh.m2m_ctx)) {
		status = PTR_ERR(stream->fh.m2m_ctx);
		free_stream(stream);
		return status;
	}
	v4l2_fh_add(&stream->fh);
	return 0;
}

static int release_device(struct file *file)
{
	struct fake_stream *stream = fake_stream(file);

	mutex_lock(&stream->device->mutex);
	v4l2_m2m_ctx_release(stream->fh.m2m_ctx);
	mutex_unlock(&stream->device->mutex);
	v4l2_fh_del(&stream->fh);
	free_stream(stream);
	return 0;
}

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = open_device,
	.release = release_device,
	.poll = v4l2_m2m_fop_poll,
	.unlocked_ioctl = video_ioctl2,
	.mmap = v4l2_m2m_fop_mmap,
};

static int probe(struct platform_device *parent)
{
	struct fake_device *device = devm_kzalloc(&parent->dev, sizeof(*device), GFP_KERNEL);
	u32 kind = fake_multiplanar ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M;
	int status;

	if (!device)
		return -ENOMEM;
	mutex_init(&device->mutex);
	status = v4l2_device_register(&parent->dev, &device->v4l2);
	if (status)
		return status;
	device->m2m = v4l2_m2m_init(&jobs);
	if (IS_ERR(device->m2m)) {
		v4l2_device_unregister(&device->v4l2);
		return PTR_ERR(device->m2m);
	}
	device->video = (struct video_device){
		.vfl_dir = VFL_DIR_M2M,
		.fops = &file_ops,
		.ioctl_ops = &fake_ioctls,
		.release = video_device_release_empty,
		.lock = &device->mutex,
		.v4l2_dev = &device->v4l2,
		.device_caps = V4L2_CAP_STREAMING | kind,
	};
	strscpy(device->video.name, FAKE_NAME, sizeof(device->video.name));
	video_set_drvdata(&device->video, device);
	platform_set_drvdata(parent, device);
	status = video_register_device(&device->video, VFL_TYPE_VIDEO, NODE);
	if (status) {
		v4l2_m2m_release(device->m2m);
		v4l2_device_unregister(&device->v4l2);
	}
	return status;
}

static void unplug(struct platform_device *parent)
{
	struct fake_device *device = platform_get_drvdata(parent);

	video_unregister_device(&device->video);
	v4l2_m2m_release(device->m2m);
	v4l2_device_unregister(&device->v4l2);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static int remove(struct platform_device *parent)
{
	unplug(parent);
	return 0;
}
#else
#define remove unplug
#endif

static struct platform_driver driver = {
	.probe = probe,
	.remove = remove,
	.driver = { .name = FAKE_NAME },
};

static int __init load(void)
{
	int status = platform_driver_register(&driver);

	if (status)
		return status;
	platform = platform_device_register_simple(FAKE_NAME, -1, NULL, 0);
	if (IS_ERR(platform)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(platform);
	}
	return 0;
}

static void __exit unload(void)
{
	platform_device_unregister(platform);
	platform_driver_unregister(&driver);
}

module_init(load);
module_exit(unload);
