// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Engine, NodeEngine } from '@undermesh/schema';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { ApiError } from '@/data/client';
import { orderEngine } from '@/data/engine-order';
import type { Operator } from '@/data/use-operator';
import { offerOf } from '@/domain/engines/order';
import type { EngineItem } from '@/domain/engines/state';
import { EngineBadge, Status } from '../glyph';
import { Arrow } from '../icon';
import { SignIn } from '../sign-in';
import { NotExpressible } from './not-expressible';

const WIDTH = 360;
/** Room that it needs below its slot; with less it stands above. */
const ROOM = 260;
const GAP = 8;
const MARGIN = 12;

/** Beside its anchor, within the window. */
function placeAt(anchor: DOMRect): { left: number; top?: number; bottom?: number } {
  const left = anchor.left + anchor.width / 2 - WIDTH / 2;
  const fits = window.innerHeight - anchor.bottom > ROOM || anchor.top < ROOM;
  return {
    left: Math.max(MARGIN, Math.min(window.innerWidth - WIDTH - MARGIN, left)),
    ...(fits ? { top: anchor.bottom + GAP } : { bottom: window.innerHeight - anchor.top + GAP }),
  };
}

/** A small window beside what it is about. It keeps the keyboard until it is closed, and gives it back. */
function Popover({
  label,
  anchor,
  onClose,
  children,
}: {
  label: string;
  anchor: DOMRect;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, as of every dialog.
    <dialog
      ref={dialog}
      className="popover"
      aria-label={label}
      style={{ width: WIDTH, ...placeAt(anchor) }}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="popover-body">{children}</div>
    </dialog>
  );
}

/** A viewer asks to become an operator. */
export function SignInDialog({
  anchor,
  onSignedIn,
  onClose,
}: {
  anchor: DOMRect;
  onSignedIn: () => void;
  onClose: () => void;
}) {
  return (
    <Popover label="Sign in" anchor={anchor} onClose={onClose}>
      <TokenNeeded onSignedIn={onSignedIn} />
    </Popover>
  );
}

function TokenNeeded({ onSignedIn }: { onSignedIn: () => void }) {
  return (
    <>
      <h2>Changing an engine needs the operator token</h2>
      <p className="t2">
        You may look at everything. Whoever runs the collector can give you the token: it was printed once, as{' '}
        <span className="mono">UNDERMESH_TOKEN=…</span>
      </p>
      <SignIn onSignedIn={onSignedIn} />
    </>
  );
}

/** What choosing a slot comes to: an order with its reason, or why there can be none. */
export function OrderDialog({
  item,
  wanted,
  anchor,
  operator,
  onAnswer,
  onClose,
}: {
  item: EngineItem;
  wanted: Engine;
  anchor: DOMRect;
  operator: Operator;
  onAnswer: (node: string, engine: NodeEngine) => void;
  onClose: () => void;
}) {
  const { node, engine } = item;
  const offer = offerOf(item, wanted);
  return (
    <Popover label={`${node}: switch to ${wanted}`} anchor={anchor} onClose={onClose}>
      {offer.kind === 'no' ? (
        <>
          <h2>{offer.title}</h2>
          <p className="t2">{offer.why}</p>
          <Closing onClose={onClose} />
        </>
      ) : offer.kind === 'nothing' ? (
        <>
          <h2>{wanted} is what is desired</h2>
          <p className="t2">
            {engine.state === 'in-force'
              ? `It is in force on ${node}.`
              : `${node} has been asked for it; nothing needs to be asked again.`}
          </p>
          <Closing onClose={onClose} />
        </>
      ) : operator.name === null ? (
        <TokenNeeded onSignedIn={operator.reload} />
      ) : (
        <OrderForm {...{ item, wanted, operator, onAnswer, onClose }} effect={offer.effect} />
      )}
    </Popover>
  );
}

function Closing({ onClose }: { onClose: () => void }) {
  return (
    <div className="row popover-acts">
      <button type="button" className="btn" onClick={onClose}>
        Close
      </button>
    </div>
  );
}

function OrderForm({
  item: { node, engine },
  wanted,
  effect,
  operator,
  onAnswer,
  onClose,
}: {
  item: EngineItem;
  wanted: Engine;
  effect: string;
  operator: Operator;
  onAnswer: (node: string, engine: NodeEngine) => void;
  onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  // what the decision rests on is what was seen when it was opened
  const [{ generation }] = useState(engine);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      onAnswer(node, await orderEngine(node, { engine: wanted, reason: reason.trim(), generation }));
      onClose();
    } catch (cause) {
      const error =
        cause instanceof ApiError
          ? cause
          : new ApiError(String(cause), { status: 0, code: 'unknown', cause });
      setBusy(false);
      setProblem(error);
      if (error.status === 401) operator.reload();
    }
  };
  return (
    <form className="order" onSubmit={(event) => void submit(event)}>
      <h2 className="row">
        <span className="cut">{node}</span>
        {engine.observed !== null && <EngineBadge engine={engine.observed} />}
        <Arrow />
        <EngineBadge engine={wanted} />
      </h2>
      <p className="t2">{effect}</p>
      {wanted === 'kernel-native' && <NotExpressible node={node} />}
      <label className="order-reason">
        <span className="small t2">Reason, for the change log</span>
        <span className="input">
          <input
            // biome-ignore lint/a11y/noAutofocus: a dialog that asks for one thing puts the keyboard there.
            autoFocus
            required
            maxLength={500}
            value={reason}
            placeholder="why now"
            autoComplete="off"
            onChange={(event) => setReason(event.target.value)}
          />
        </span>
      </label>
      {problem !== null && (
        <div className="order-problem" role="alert">
          <Status kind="crit">{problem.message}</Status>
        </div>
      )}
      <div className="row popover-acts">
        <span className="t3 small cut">as {operator.name}</span>
        <span className="fill" />
        <button type="button" className="btn" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="btn primary" disabled={busy || reason.trim() === ''}>
          {busy ? 'Ordering' : `Switch to ${wanted}`}
        </button>
      </div>
    </form>
  );
}
