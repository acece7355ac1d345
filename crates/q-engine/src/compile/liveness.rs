//! Last uses: the final reading of a local moves its value, so that whoever gets it may write in place.

use crate::code::{Code, Instruction};

/// Locals as bits; lambdas have fewer than 128.
type Locals = u128;

fn bit(slot: u16) -> Locals {
    1u128.checked_shl(u32::from(slot)).unwrap_or(0)
}

/// Turns `Local` into `TakeLocal` where no path from there reads the local again before setting it.
pub(super) fn mark_last_uses(code: &mut Code) {
    if code.locals.is_empty() || code.locals.len() > 128 {
        return;
    }
    let count = code.instructions.len();
    // locals read after each instruction
    let mut live_before: Vec<Locals> = vec![0; count + 1];
    loop {
        let mut changed = false;
        for at in (0..count).rev() {
            let after = live_after(code, &live_before, at);
            let before = transfer(code, at, after);
            if before != live_before[at] {
                live_before[at] = before;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for at in 0..count {
        if let Instruction::Local(slot) = code.instructions[at]
            && live_after(code, &live_before, at) & bit(slot) == 0
        {
            code.instructions[at] = Instruction::TakeLocal(slot);
        }
    }
}

fn live_after(code: &Code, live_before: &[Locals], at: usize) -> Locals {
    match code.instructions[at] {
        Instruction::Jump(to) => live_before[to as usize],
        Instruction::JumpUnless(to)
        | Instruction::CountDown(to)
        | Instruction::BindOrJump(_, to) => live_before[at + 1] | live_before[to as usize],
        Instruction::Return | Instruction::Signal | Instruction::TailOwn(_) => 0,
        _ => live_before[at + 1],
    }
}

fn transfer(code: &Code, at: usize, after: Locals) -> Locals {
    match code.instructions[at] {
        Instruction::Local(slot)
        | Instruction::TakeLocal(slot)
        | Instruction::AmendLocal(slot, _)
        | Instruction::AmendLocalWith(slot, _, _)
        | Instruction::AmendLocalDrop(slot, _)
        | Instruction::ThroughLocal(slot, _)
        | Instruction::LocalConstant(_, slot, _) => after | bit(slot),
        Instruction::LocalLocal(_, left, right) => after | bit(left) | bit(right),
        Instruction::SetLocal(slot) | Instruction::StoreLocal(slot) => after & !bit(slot),
        Instruction::Query(query) => code.queries[query as usize]
            .locals
            .iter()
            .fold(after, |live, (_, slot)| live | bit(*slot)),
        _ => after,
    }
}
