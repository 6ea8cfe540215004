;; Counts the newlines in [at, end) of a memory, 16 bytes at a time; end - at is rounded up to a multiple of 16 by the caller,
;; who fills the rest with something else. Each of 16 lanes counts its column and is added up every 255 rounds, before it overflows.
;; The bytes in newline-counter.ts are this file through wat2wasm of WABT 1.0.
(module
  (memory (import "m" "m") 1)
  (func (export "count") (param $at i32) (param $end i32) (result i32)
    (local $lanes v128) (local $stop i32) (local $total i32) (local $nl v128)
    (local.set $nl (i8x16.splat (i32.const 10)))
    (block $done
      (loop $outer
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $stop (i32.add (local.get $at) (i32.const 4080)))
        (if (i32.gt_u (local.get $stop) (local.get $end)) (then (local.set $stop (local.get $end))))
        (local.set $lanes (v128.const i32x4 0 0 0 0))
        (loop $inner
          (local.set $lanes (i8x16.sub (local.get $lanes) (i8x16.eq (v128.load (local.get $at)) (local.get $nl))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $inner (i32.lt_u (local.get $at) (local.get $stop))))
        (local.set $lanes (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $lanes))))
        (local.set $total (i32.add (local.get $total)
          (i32.add (i32.add (i32x4.extract_lane 0 (local.get $lanes)) (i32x4.extract_lane 1 (local.get $lanes)))
                   (i32.add (i32x4.extract_lane 2 (local.get $lanes)) (i32x4.extract_lane 3 (local.get $lanes))))))
        (br $outer)))
    (local.get $total)))
