// batch_norm_combine_shared: batch_norm_combine.wgsl, a channel shared by the lanes of a workgroup: what GPUs run for large batches.
//   means, deviations (batch, channels), mean, inverse_std, running_mean, running_var (channels)
// One workgroup owns one channel.

const LANES: u32 = 256; // slot

struct Params { channels: u32, batch: u32, plane: f32, eps: f32, momentum: f32 }
@group(0) @binding(0) var<storage, read> means: array<f32>;
@group(0) @binding(1) var<storage, read> deviations: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES>;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

// The sums of the numbers of LANES lanes, in a fixed order, for each of them.
fn sums(lane: u32, part: vec2f) -> vec2f { // shared
  parts[lane] = part;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane % LANES < span) { parts[lane] += parts[lane + span]; }
    workgroupBarrier();
  }
  let result = parts[lane / LANES * LANES];
  workgroupBarrier(); // parts may be written again
  return result;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let c = workgroup.x + workgroup.y * groups.x;
  if (c >= p.channels) { return; }
  var sum = 0.0;
  for (var n = lane; n < p.batch; n += LANES) { sum += means[n * p.channels + c]; }
  let rough_mean = sums(lane, vec2f(sum, 0.0)).x / f32(p.batch);
  var part = vec2f(); // the sums of distances and of squares
  for (var n = lane; n < p.batch; n += LANES) {
    let distance = means[n * p.channels + c] - rough_mean;
    part += vec2f(distance, deviations[n * p.channels + c] + p.plane * distance * distance);
  }
  let total = sums(lane, part);
  if (lane > 0u) { return; }
  let rest = total.x;
  // What rounding left out of the first mean; beside an infinity nothing.
  let joined_mean = rough_mean + select(rest / f32(p.batch), 0.0, is_nan(rest));
  var squares = total.y - p.plane * rest * rest / f32(p.batch);
  squares = select(max(squares, 0.0), squares, is_nan(squares));
  let count = f32(p.batch) * p.plane;
  mean[c] = joined_mean;
  inverse_std[c] = 1.0 / sqrt(squares / count + p.eps);
  let kept = 1.0 - p.momentum;
  running_mean[c] = kept * running_mean[c] + p.momentum * joined_mean;
  running_var[c] = kept * running_var[c] + p.momentum * squares / (count - 1.0);
}
