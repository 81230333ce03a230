// batch_norm_combine: the planes' statistics joined over the batch, and the running ones updated.
//   means, deviations (batch, channels), mean, inverse_std, running_mean, running_var (channels)
// One thread owns one channel. Squared deviations from the joined mean are those from each plane's own mean plus
// the plane's size times the squared distance of the means (Chan, Golub, LeVeque 1979). The running variance is the
// unbiased one, as in PyTorch.

struct Params { channels: u32, batch: u32, plane: f32, eps: f32, momentum: f32 }
@group(0) @binding(0) var<storage, read> means: array<f32>;
@group(0) @binding(1) var<storage, read> deviations: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let c = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (c >= p.channels) { return; }
  var sum = 0.0;
  for (var n = 0u; n < p.batch; n++) { sum += means[n * p.channels + c]; }
  let rough_mean = sum / f32(p.batch);
  var rest = 0.0;
  var squares = 0.0;
  for (var n = 0u; n < p.batch; n++) {
    let distance = means[n * p.channels + c] - rough_mean;
    rest += distance;
    squares += deviations[n * p.channels + c] + p.plane * distance * distance;
  }
  // What rounding left out of the first mean; beside an infinity nothing.
  let joined_mean = rough_mean + select(rest / f32(p.batch), 0.0, is_nan(rest));
  squares -= p.plane * rest * rest / f32(p.batch);
  squares = select(max(squares, 0.0), squares, is_nan(squares));
  let count = f32(p.batch) * p.plane;
  mean[c] = joined_mean;
  inverse_std[c] = 1.0 / sqrt(squares / count + p.eps);
  let kept = 1.0 - p.momentum;
  running_mean[c] = kept * running_mean[c] + p.momentum * joined_mean;
  running_var[c] = kept * running_var[c] + p.momentum * squares / (count - 1.0);
}
