// cross_entropy: loss[n] = sum over c of q[c] * (log(sum exp(x)) - x[n, c]), where q is the target's distribution:
// 1 - smoothing on the target, smoothing / classes on every class. A row with the ignored target counts nothing.
//   logits (outer, classes, inner), targets, loss, counted (outer * inner); counted is 1, or 0 where ignored
// One thread owns one row. A target that names no class, ignored or not, is never used as an index.

struct Params { count: u32, classes: u32, inner: u32, ignore_index: i32, smoothing: f32, logits_base: u32, targets_base: u32, loss_base: u32, counted_base: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> counted: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (row >= p.count) { return; }
  let at = p.logits_base + row / p.inner * p.classes * p.inner + row % p.inner;
  let target_class = targets[p.targets_base + row];
  let ignored = target_class == p.ignore_index;
  var top = logits[at];
  for (var c = 1u; c < p.classes; c++) { top = max(top, logits[at + c * p.inner]); }
  var sum = 0.0;
  var below_top = 0.0; // the sum over classes of top - x
  for (var c = 0u; c < p.classes; c++) {
    let x = logits[at + c * p.inner] - top;
    sum += exp(x);
    below_top -= x;
  }
  let on_target = log(sum) + top - logits[at + min(u32(target_class), p.classes - 1u) * p.inner];
  let on_average = log(sum) + below_top / f32(p.classes);
  loss[p.loss_base + row] = select(mix(on_target, on_average, p.smoothing), 0.0, ignored);
  counted[p.counted_base + row] = select(1.0, 0.0, ignored);
}
