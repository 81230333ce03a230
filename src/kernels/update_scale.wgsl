// update_scale: the scale for the next step, from whether a gradient of this one was not finite.
//   scale (1); tracker (3): steps since the scale changed, whether a gradient was not finite, steps in which one was
// PyTorch's _amp_update_scale_. One thread owns all.

struct Params { count: u32, growth: f32, backoff: f32, interval: u32 }
@group(0) @binding(0) var<storage, read_write> scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> tracker: array<u32>;
@group(1) @binding(0) var<uniform> p: Params;

const LARGEST: f32 = 0x1p126; // the inverse of what is above is subnormal, and 0 on some adapters

@compute @workgroup_size(1)
fn main() {
  if (p.count == 0u) { return; }
  if (tracker[1] != 0u) {
    scale[0] *= p.backoff;
    tracker[0] = 0u;
    tracker[1] = 0u;
    tracker[2] += 1u;
    return;
  }
  tracker[0] += 1u;
  if (tracker[0] == p.interval) {
    tracker[0] = 0u;
    if (scale[0] <= LARGEST / p.growth) { scale[0] *= p.growth; }
  }
}
