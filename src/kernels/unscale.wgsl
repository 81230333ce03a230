// unscale: grad /= scale; skip = 1 and tracker[1] = 1 where an element of grad is not finite.
//   grad (count), as vec4; scale (1); skip (1), of one optimizer; tracker (3): see update_scale.wgsl
// By bit pattern: a compiler may take for granted that no float is NaN. One thread owns one vec4.

struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> grad: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> skip: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> tracker: array<atomic<u32>>;
@group(1) @binding(0) var<uniform> p: Params;

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.count)); } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  let g = within(grad[i], i);
  let near = 1.0 / scale[0];
  grad[i] = g * (near + near * (1.0 - scale[0] * near)); // exact for a power of 2, where a division may be off by an ulp
  if (any((bitcast<vec4u>(g) & vec4u(0x7f800000u)) == vec4u(0x7f800000u))) {
    atomicStore(&skip[0], 1u);
    atomicStore(&tracker[1], 1u);
  }
}
