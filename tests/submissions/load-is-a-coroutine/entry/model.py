async def load(directory):
    return None
