//! Little-endian and protobuf-wire reading of byte slices without indexing.

/// The `index`-th little-endian u32 of `bytes`, `None` past the end.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// One field of a protobuf message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProtoValue<'a> {
    /// Wire types 0, 1 and 5.
    Number(u64),
    /// Wire type 2.
    Bytes(&'a [u8]),
}

/// The top-level fields of a protobuf message in order, `None` if the bytes are no message.
pub(crate) fn proto_fields(mut bytes: &[u8]) -> Option<Vec<(u64, ProtoValue<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => ProtoValue::Number(varint(&mut bytes)?),
            1 => ProtoValue::Number(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let len = usize::try_from(varint(&mut bytes)?).ok()?;
                ProtoValue::Bytes(take(&mut bytes, len)?)
            }
            5 => {
                let four: [u8; 4] = take(&mut bytes, 4)?.try_into().ok()?;
                ProtoValue::Number(u64::from(u32::from_le_bytes(four)))
            }
            _ => return None,
        };
        if key >> 3 == 0 {
            return None;
        }
        fields.push((key >> 3, value));
    }
    Some(fields)
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(len)?;
    *bytes = tail;
    Some(head)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(bytes, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
