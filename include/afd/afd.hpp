// SPDX-License-Identifier: MIT
#pragma once

// All of the core, includes only, in the order in which the rooms build on each other. Beside it, for
// what needs another library: afd/data/gzip.hpp (CMake target afd::gzip), afd/data/image_folder.hpp (afd::images),
// afd/network/safetensors.hpp (afd::safetensors) and afd/compute/jemalloc.hpp (afd::jemalloc);
// and afd/network/script.hpp, which takes seconds to compile.

#include <afd/error.hpp>
#include <afd/version.hpp>

#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/edge.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/single.hpp>
#include <afd/topology/star.hpp>
#include <afd/topology/topology.hpp>

#include <afd/data/any_source.hpp>
#include <afd/data/augmentation.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/data/batch_transform.hpp>
#include <afd/data/beta_sample.hpp>
#include <afd/data/bytes.hpp>
#include <afd/data/cifar.hpp>
#include <afd/data/cifar_format.hpp>
#include <afd/data/cut_mix.hpp>
#include <afd/data/folder.hpp>
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/idx.hpp>
#include <afd/data/idx_format.hpp>
#include <afd/data/image_crop.hpp>
#include <afd/data/image_listing.hpp>
#include <afd/data/label_check.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/make_views.hpp>
#include <afd/data/mixup.hpp>
#include <afd/data/normalize.hpp>
#include <afd/data/on_input.hpp>
#include <afd/data/order.hpp>
#include <afd/data/pad_crop.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/data/rgb_image.hpp>
#include <afd/data/sample_mix.hpp>
#include <afd/data/samples.hpp>
#include <afd/data/soft_labels.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/data/tensors.hpp>
#include <afd/data/views.hpp>

#include <afd/state/envelope.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_format.hpp>
#include <afd/state/state_visitor.hpp>

#include <afd/network/any_network.hpp>
#include <afd/network/conv_norm.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/extractor_head.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/in_place_check.hpp>
#include <afd/network/module_state.hpp>
#include <afd/network/named_tensors.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/reader.hpp>
#include <afd/network/save_network.hpp>
#include <afd/network/sequential_tap.hpp>

#include <afd/zoo/block_group.hpp>
#include <afd/zoo/imagenet_resnet.hpp>
#include <afd/zoo/plain_cnn.hpp>
#include <afd/zoo/resnet.hpp>
#include <afd/zoo/wide_resnet.hpp>
#include <afd/zoo/zoo_check.hpp>

#include <afd/transfer/common_shape.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/layer_view.hpp>
#include <afd/transfer/registered.hpp>
#include <afd/transfer/transfer.hpp>
#include <afd/transfer/transfer_layers.hpp>
#include <afd/transfer/transfer_side.hpp>

#include <afd/loss/alignment.hpp>
#include <afd/loss/attention.hpp>
#include <afd/loss/class_targets.hpp>
#include <afd/loss/gan.hpp>
#include <afd/loss/labelled_kl.hpp>
#include <afd/loss/matching_targets.hpp>
#include <afd/loss/same_shape.hpp>
#include <afd/loss/tempered_binary_kl.hpp>
#include <afd/loss/tempered_kl.hpp>

#include <afd/discriminator/conv_discriminator.hpp>
#include <afd/discriminator/discriminator.hpp>
#include <afd/discriminator/feature_check.hpp>
#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/discriminator/patch_discriminator.hpp>
#include <afd/discriminator/place_conv.hpp>
#include <afd/discriminator/spectral_norm.hpp>

#include <afd/optim/adam.hpp>
#include <afd/optim/foreach_state.hpp>
#include <afd/optim/fused_state.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/rule_optimizer.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/optim/sgd.hpp>

#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/against.hpp>
#include <afd/strategy/at.hpp>
#include <afd/strategy/attention_transfer.hpp>
#include <afd/strategy/binary_cross_entropy.hpp>
#include <afd/strategy/bound_term.hpp>
#include <afd/strategy/correct_teacher_kl.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/decoupled_kl.hpp>
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/mean_squared_error.hpp>
#include <afd/strategy/mutual_binary_kl.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/mutual_mean_squared_error.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/strategy/term.hpp>
#include <afd/strategy/term_call.hpp>

#include <afd/compute/buffer_snapshot.hpp>
#include <afd/compute/execution.hpp>
#include <afd/compute/keep_memory.hpp>
#include <afd/compute/layout.hpp>
#include <afd/compute/multiply_adds.hpp>
#include <afd/compute/precision.hpp>
#include <afd/compute/random_numbers.hpp>
#include <afd/compute/thread_plan.hpp>
#include <afd/compute/undisturbed.hpp>

#include <afd/plan/flow.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/plan/plan.hpp>
#include <afd/plan/readings.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/plan/require_fit.hpp>
#include <afd/plan/require_plan.hpp>

#include <afd/observe/classification.hpp>
#include <afd/observe/dense_classification.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/evaluation.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/observe/game_scores.hpp>
#include <afd/observe/history.hpp>
#include <afd/observe/mean_probability.hpp>
#include <afd/observe/multi_label.hpp>
#include <afd/observe/regression.hpp>
#include <afd/observe/running_sum.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/score_against.hpp>

#include <afd/step/cohort.hpp>
#include <afd/step/distiller.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/finite_check.hpp>
#include <afd/step/guard.hpp>
#include <afd/step/loss_watch.hpp>
#include <afd/step/losses.hpp>
#include <afd/step/objective.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/step/placement.hpp>
#include <afd/step/rehearsal.hpp>
#include <afd/step/report.hpp>
#include <afd/step/roster.hpp>
#include <afd/step/run_state.hpp>
#include <afd/step/saved_run.hpp>
#include <afd/step/step.hpp>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/checkpoint/checkpoint_folder.hpp>
#include <afd/checkpoint/checkpoint_writer.hpp>

#include <afd/train/epoch.hpp>
#include <afd/train/events.hpp>
#include <afd/train/game_watch.hpp>
#include <afd/train/progress_line.hpp>
#include <afd/train/score_keeping.hpp>
#include <afd/train/session.hpp>
#include <afd/train/stop_signals.hpp>
#include <afd/train/stoppable_source.hpp>
#include <afd/train/trainer.hpp>
#include <afd/train/trainer_options.hpp>
#include <afd/train/trainer_state.hpp>

#include <afd/interop/eigen.hpp>
