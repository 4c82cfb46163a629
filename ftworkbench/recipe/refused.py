"""Options of the libraries that a recipe does not take, each with the reason, and old names."""

from __future__ import annotations

_NO_UPLOAD = "nothing is uploaded while training; `ftworkbench merge` gives a folder that can be"
_NO_SECRET = "a token has no place in a file; set HF_TOKEN in the environment"
_NO_KEY = {"api_key": "a key has no place in a file; api_key_env names the variable that holds it"}
_ROWS_ARE_OURS = "the rows are read, rendered and masked by the workbench; see [data] and [prompt]"
_ONE_DEVICE = "training runs on one device so far"
_ALWAYS_TRAINS = "`ftworkbench train` and `evaluate` say what is done"
_PROGRESS = "progress is read from the job's events"

_ADAPTER = {
    "task_type": "it is always CAUSAL_LM",
    "peft_type": "the kind of adapter is method.adapter",
    "base_model_name_or_path": "the base model is model.model_id",
    "revision": "the base model's revision is model.revision",
    "inference_mode": "training and answering set it themselves",
    "auto_mapping": "it is for models that PEFT wraps by itself",
    "peft_version": "the versions of a run stand in its manifest.json",
}

REFUSED: dict[str, dict[str, str]] = {
    "model": {
        "pretrained_model_name_or_path": "it is called model_id here",
        "quantization_config": "it is the table [quantization]",
        "load_in_4bit": "it belongs in [quantization]",
        "load_in_8bit": "it belongs in [quantization]",
        "device_map": "the device is launch.device",
        "token": _NO_SECRET,
        "use_auth_token": _NO_SECRET,
        "use_safetensors": "weights are always read from safetensors: a pickle can run any code",
        "weights_only": "weights are always read from safetensors: a pickle can run any code",
        "tp_plan": _ONE_DEVICE,
        "tp_size": _ONE_DEVICE,
        "device_mesh": _ONE_DEVICE,
        "gguf_file": "GGUF weights cannot be tuned; give the model that they were made from",
    },
    "quantization": {},
    "lora": _ADAPTER,
    "ia3": _ADAPTER,
    "judge": _NO_KEY,
    "ragas": _NO_KEY,
    "train": {
        "output_dir": "a job's folder holds what it makes",
        "hub_token": _NO_SECRET,
        "push_to_hub": _NO_UPLOAD,
        "hub_model_id": _NO_UPLOAD,
        "hub_strategy": _NO_UPLOAD,
        "hub_private_repo": _NO_UPLOAD,
        "hub_always_push": _NO_UPLOAD,
        "hub_revision": _NO_UPLOAD,
        "do_train": _ALWAYS_TRAINS,
        "do_eval": _ALWAYS_TRAINS,
        "do_predict": _ALWAYS_TRAINS,
        "resume_from_checkpoint": "`ftworkbench resume JOB` goes on from the last good checkpoint",
        "model_init": "the model is [model]",
        "model_init_kwargs": "these options are the table [model]",
        "trust_remote_code": "it belongs in [model]",
        "auto_find_batch_size": "it starts again at step 0 with weights that are already trained",
        "logging_nan_inf_filter": "it shows a NaN loss as 0.0 while NaN weights are saved",
        "dataset_text_field": _ROWS_ARE_OURS,
        "dataset_kwargs": _ROWS_ARE_OURS,
        "dataset_num_proc": _ROWS_ARE_OURS,
        "pad_token": _ROWS_ARE_OURS,
        "completion_only_loss": "say train.assistant_only_loss",
        "remove_unused_columns": _ROWS_ARE_OURS,
        "label_names": _ROWS_ARE_OURS,
        "activation_checkpointing": "say train.gradient_checkpointing",
        "activation_checkpointing_kwargs": "say train.gradient_checkpointing_kwargs",
        "use_liger_kernel": "say method.liger_kernels",
        "liger_kernel_config": "say method.liger_kernels",
        "use_cpu": "the device is launch.device",
        "local_rank": _ONE_DEVICE,
        "deepspeed": _ONE_DEVICE,
        "fsdp": _ONE_DEVICE,
        "fsdp_config": _ONE_DEVICE,
        "parallelism_config": _ONE_DEVICE,
        "disable_tqdm": _PROGRESS,
        "log_on_each_node": _ONE_DEVICE,
        "logging_strategy": "say train.logging_steps",
        "ignore_data_skip": "a resumed run would see rows twice and others never",
    },
}

RENAMED: dict[str, dict[str, str]] = {
    "model": {"torch_dtype": "dtype", "model_name": "model_id", "name": "model_id"},
    "quantization": {"bnb_4bit_double_quant": "bnb_4bit_use_double_quant"},
    "ia3": {},
    "lora": {"rank": "r", "alpha": "lora_alpha", "dropout": "lora_dropout"},
    "train": {
        "max_seq_length": "max_length",
        "evaluation_strategy": "eval_strategy",
        "lr": "learning_rate",
        "epochs": "num_train_epochs",
        "batch_size": "per_device_train_batch_size",
        "warmup_ratio": "warmup_steps (below 1 it is a share of all steps)",
    },
}
"""Old and familiar names, and what they are called now."""
