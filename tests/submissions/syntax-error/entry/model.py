class Model:
    pass
  def load(directory):
