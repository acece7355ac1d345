//! Common runs of instructions as one: a binary primitive on locals and constants, a call of the running lambda.

use q_value::Binary;

use crate::code::{Code, Instruction};

/// Set in a slot number of a fused instruction when the reading is the last use of the local.
pub(crate) const LAST_USE: u16 = 1 << 15;

/// Set in the count of an amend through an operator when its value is used: that is the new item, not the operand
/// (`ref/assign`, "The value of an assignment").
pub(crate) const VALUE_USED: u8 = 1 << 7;

/// Replaces runs by fused instructions. Jumps into the middle of a run prevent that; jump targets are renumbered.
pub(super) fn fuse(code: &mut Code) {
    let count = code.instructions.len();
    let mut is_target = vec![false; count + 1];
    for instruction in &code.instructions {
        if let Some(to) = target(*instruction) {
            is_target[to as usize] = true;
        }
    }
    let mut instructions = Vec::with_capacity(count);
    let mut positions = Vec::with_capacity(count);
    let mut renumbered = vec![0u32; count + 1];
    let mut at = 0;
    while at < count {
        renumbered[at] = instructions.len() as u32;
        let inner_free = |length: usize| {
            at + length <= count && !is_target[at + 1..at + length].iter().any(|target| *target)
        };
        let run = &code.instructions[at..];
        let (fused, length) = match run {
            [
                Instruction::Constant(constant),
                x,
                Instruction::Binary(op),
                ..,
            ] if inner_free(3) && local_of(*x).is_some() && *constant <= u32::from(u16::MAX) => {
                let slot = local_of(*x).unwrap_or(0);
                (Instruction::LocalConstant(*op, slot, *constant as u16), 3)
            }
            [y, x, Instruction::Binary(op), ..]
                if inner_free(3) && local_of(*x).is_some() && local_of(*y).is_some() =>
            {
                let (x, y) = (local_of(*x).unwrap_or(0), local_of(*y).unwrap_or(0));
                (Instruction::LocalLocal(*op, x, y), 3)
            }
            [
                Instruction::Constant(constant),
                Instruction::ThroughLocal(slot, op),
                Instruction::Pop,
                ..,
            ] if inner_free(3) && *constant <= u32::from(u16::MAX) => (
                Instruction::ThroughLocalConstant(*slot, *op, *constant as u16),
                3,
            ),
            [Instruction::ThroughLocal(slot, op), Instruction::Pop, ..] if inner_free(2) => {
                (Instruction::ThroughLocalDrop(*slot, *op), 2)
            }
            [Instruction::ThroughGlobal(id, op), Instruction::Pop, ..] if inner_free(2) => {
                (Instruction::ThroughGlobalDrop(*id, *op), 2)
            }
            [
                Instruction::AmendLocalWith(slot, 1, op),
                Instruction::Pop,
                ..,
            ] if inner_free(2) => (Instruction::AmendLocalDrop(*slot, *op), 2),
            [Instruction::AmendLocal(slot, 1), Instruction::Pop, ..] if inner_free(2) => {
                (Instruction::AmendLocalDrop(*slot, Binary::Assign), 2)
            }
            [Instruction::Own, Instruction::Apply(arguments), ..]
                if inner_free(2) && usize::from(*arguments) == code.parameters =>
            {
                (Instruction::CallOwn(*arguments), 2)
            }
            [Instruction::AmendLocalWith(slot, count, op), after @ ..]
                if !matches!(after.first(), Some(Instruction::Pop)) =>
            {
                (
                    Instruction::AmendLocalWith(*slot, count | VALUE_USED, *op),
                    1,
                )
            }
            [Instruction::AmendGlobalWith(id, count, op), after @ ..]
                if !matches!(after.first(), Some(Instruction::Pop)) =>
            {
                (
                    Instruction::AmendGlobalWith(*id, count | VALUE_USED, *op),
                    1,
                )
            }
            [single, ..] => (*single, 1),
            [] => break,
        };
        instructions.push(fused);
        positions.push(code.positions[at + length - 1]);
        let own_number = instructions.len() as u32 - 1;
        renumbered[at + 1..at + length].fill(own_number);
        at += length;
    }
    renumbered[count] = instructions.len() as u32;
    for instruction in &mut instructions {
        match instruction {
            Instruction::Jump(to)
            | Instruction::JumpUnless(to)
            | Instruction::CountDown(to)
            | Instruction::BindOrJump(_, to) => *to = renumbered[*to as usize],
            _ => (),
        }
    }
    code.instructions = instructions;
    code.positions = positions;
}

/// Where an instruction may jump to.
pub(crate) fn target(instruction: Instruction) -> Option<u32> {
    match instruction {
        Instruction::Jump(to)
        | Instruction::JumpUnless(to)
        | Instruction::CountDown(to)
        | Instruction::BindOrJump(_, to) => Some(to),
        _ => None,
    }
}

fn local_of(instruction: Instruction) -> Option<u16> {
    match instruction {
        Instruction::Local(slot) => Some(slot),
        Instruction::TakeLocal(slot) => Some(slot | LAST_USE),
        _ => None,
    }
}
