"""Configs of MMOCR's kind, a base and what is above it, for each of the detectors."""

BASE = """
image_root = 'data/signs'
signs_train = dict(type='OCRDataset', data_root=image_root, ann_file='train.json', pipeline=None)
signs_test = dict(type='OCRDataset', data_root=image_root, ann_file='test.json', pipeline=None)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=4)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=1e-7, end=40)]
val_evaluator = dict(type='HmeanIOUMetric')
default_hooks = dict(logger=dict(type='LoggerHook', interval=5))
read = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='LoadOCRAnnotations', with_polygon=True, with_bbox=True, with_label=True),
]
jitter = dict(type='TorchVisionWrapper', op='ColorJitter', brightness=32.0 / 255, saturation=0.5)
pack = dict(type='PackTextDetInputs', meta_keys=('img_path', 'ori_shape'))
resnet = dict(
    type='mmdet.ResNet', depth=50, num_stages=4, out_indices=(0, 1, 2, 3), frozen_stages=-1,
    norm_cfg=dict(type='BN', requires_grad=True), norm_eval=False, style='pytorch',
    init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'))
colours = dict(
    type='TextDetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True, pad_size_divisor=32)
model = dict(backbone=resnet, data_preprocessor=colours)
"""
_REST = """
signs_train = _base_.signs_train
signs_train.pipeline = train_pipeline
signs_test = _base_.signs_test
signs_test.pipeline = [
    _base_.read[0], dict(type='Resize', scale=(1024, 736), keep_ratio=True), _base_.pack]
train_dataloader = dict(batch_size=16, num_workers=8, dataset=signs_train)
val_dataloader = dict(batch_size=1, dataset=signs_test)
test_dataloader = val_dataloader
"""
_KERNELS = """
train_pipeline = [
    *_base_.read, _base_.jitter, dict(type='FixInvalidPolygon'),
    dict(type='ShortScaleAspectJitter', short_size=736, scale_divisor=32),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomRotate', max_angle=10),
    dict(type='TextDetRandomCrop', target_size=(736, 736)), dict(type='Pad', size=(736, 736)),
    _base_.pack]
"""
METHODS = {
    "dbnet": """
_base_ = ['base.py']
model = dict(
    type='DBNet',
    neck=dict(
        type='FPNC', in_channels=[256, 512, 1024, 2048], lateral_channels=256,
        asf_cfg=dict(attention_type='ScaleChannelSpatial')),
    det_head=dict(
        type='DBHead', in_channels=256, module_loss=dict(type='DBModuleLoss', shrink_ratio=0.5),
        postprocessor=dict(type='DBPostprocessor', text_repr_type='quad', epsilon_ratio=0.002)))
train_pipeline = [
    *_base_.read, _base_.jitter,
    dict(type='ImgAugWrapper', args=[
        ['Fliplr', 0.5], dict(cls='Affine', rotate=[-10, 10]), ['Resize', [0.5, 3.0]]]),
    dict(type='RandomCrop', min_side_ratio=0.1),
    dict(type='Resize', scale=(640, 512), keep_ratio=True), dict(type='Pad', size=(640, 512)),
    _base_.pack]
"""
    + _REST,
    "fcenet": """
_base_ = 'base.py'
model = dict(
    type='FCENet',
    backbone=dict(out_indices=(1, 2, 3)),
    neck=dict(
        type='mmdet.FPN', in_channels=[512, 1024, 2048], out_channels=256, num_outs=3,
        add_extra_convs='on_output', relu_before_extra_convs=True, act_cfg=None),
    det_head=dict(
        type='FCEHead', in_channels=256, fourier_degree=5,
        module_loss=dict(
            type='FCEModuleLoss', num_sample=50,
            level_proportion_range=((0, 0.25), (0.2, 0.65), (0.55, 1.0))),
        postprocessor=dict(
            type='FCEPostprocessor', scales=(8, 16, 32), text_repr_type='poly',
            num_reconstr_points=50, alpha=1.0, beta=2.0, score_thr=0.3)))
train_pipeline = [
    *_base_.read,
    dict(type='RandomResize', scale=(800, 800), ratio_range=(0.75, 2.5), keep_ratio=True),
    dict(type='TextDetRandomCropFlip', crop_ratio=0.5, iter_num=1, min_area_ratio=0.2),
    dict(type='RandomApply', transforms=[dict(type='RandomCrop', min_side_ratio=0.3)], prob=0.8),
    dict(type='RandomApply', prob=0.5, transforms=[
        dict(type='RandomRotate', max_angle=30, pad_with_fixed_color=False, use_canvas=True)]),
    dict(type='RandomChoice', prob=[0.6, 0.4], transforms=[
        [dict(type='Resize', scale=800, keep_ratio=True),
         dict(type='SourceImagePad', target_scale=800)],
        dict(type='Resize', scale=800, keep_ratio=False)]),
    _base_.jitter, _base_.pack]
"""
    + _REST,
    "psenet": """
_base_ = ['base.py']
_base_.model.backbone.norm_eval = True
model = dict(
    type='PSENet',
    neck=dict(type='FPNF', in_channels=[256, 512, 1024, 2048], out_channels=256),
    det_head=dict(
        type='PSEHead', in_channels=[256], hidden_dim=256, out_channel=7,
        module_loss=dict(type='PSEModuleLoss'),
        postprocessor=dict(type='PSEPostprocessor', text_repr_type='poly')))
param_scheduler = [dict(type='MultiStepLR', milestones=[10, 20], end=40)]
"""
    + _KERNELS
    + _REST,
    "panet": """
_base_ = ['base.py']
model = dict(
    type='PANet',
    backbone=dict(_delete_=True, type='tcm.FastTCM', prompts=['Text'], num_contexts=4,
        init_cfg=dict(type='tcm.CLIPPretrained', checkpoint='openai')),
    neck=dict(type='FPEM_FFM', in_channels=[256, 512, 1024, 2049]),
    det_head=dict(
        type='PANHead', in_channels=[128, 128, 128, 128], hidden_dim=128, out_channel=6,
        module_loss=dict(
            type='PANModuleLoss', loss_text=dict(type='MaskedSquareDiceLoss'),
            shrink_ratio=(1, 0.7)),
        postprocessor=dict(type='PANPostprocessor', text_repr_type='quad')))
"""
    + _KERNELS
    + _REST,
}
